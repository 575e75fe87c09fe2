r"""Removes the reasoning of a model from its reply, by the marks that models put around it.

| begin of reasoning | begin of the reply | models |
| --- | --- | --- |
| `<think>` | `</think>` | DeepSeek-R1, Qwen3, GLM, MiniMax, Nemotron, Olmo 3, ERNIE, Hunyuan, Phi-4, EXAONE 4 |
| `[THINK]` | `[/THINK]` | Magistral, Ministral |
| `<thinking>` | `</thinking>` | Reflection, and what Anthropic's guide asks for |
| `<thought>` | `</thought>` | EXAONE Deep |
| `<reasoning>` | `</reasoning>` | models trained with GRPO recipes; also `<reason>`, `<scratchpad>` |
| `<reflection>` | `</reflection>` | Reflection |
| `<seed:think>` | `</seed:think>` | Seed-OSS; also `<mm:think>` (MiniMax M3) and `<ifm\|think>` (K2) |
| `◁think▷` | `◁/think▷` | Kimi-VL |
| `<\|open\|>think<\|sep\|>` | `<\|close\|>think<\|sep\|>` | Kimi K3 |
| `<\|channel\|>analysis<\|message\|>` | `<\|channel\|>final<\|message\|>` | gpt-oss (harmony) |
| `analysis` | `assistantfinal` | gpt-oss, decoded without its special tokens |
| `<\|START_THINKING\|>` | `<\|END_THINKING\|>` | Command A, Command R7B |
| `<\|begin_of_thought\|>` | `<\|end_of_thought\|>` | OpenThinker, Sky-T1 |
| `<\|inner_prefix\|>` | `<\|inner_suffix\|>` | Apertus |
| `<unused94>thought` | `<unused95>` | MedGemma |
| `<\|channel>thought` | `<channel\|>` | Gemma 4 |
| `Here is my thought process:` | `Here is my response:` | Granite 3 |
| `<\|think\|>` | `<\|begin\|>assistant<\|content\|>` | Solar Open |
| `<\|plamo:begin_think:plamo\|>` | `<\|plamo:end_think:plamo\|>` | PLaMo 3 |
| `<\|content_thinking\|>` | `<\|content_text\|>` | Inkling |
| `to=self<\|message\|>` | `to=user<\|message\|>` | Muse Glimmer |

The marks are those of vLLM 0.32 (`vllm/reasoning`, `vllm/parser`), llama.cpp (`common/chat.cpp`), Open WebUI (default
`reasoning_tags`), OpenAI's description of harmony, and the model cards of Reflection, EXAONE Deep and MedGemma.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_WORD = r"(?:[a-z]{2,8}[:|])?(?:think(?:ing)?|thoughts?|reason(?:ing)?|scratchpad)(?:[:_][\w-]{1,20})?"
_CHANNEL = r"(?:<\|start\|>assistant)?<\|channel\|>[ \t]*"
_BARE_FINAL = r"(?-i:assistantfinal|\A\s*final(?=[A-Z(\[]|answer|resposta|unreachable|inalcançável))"
# Without its special tokens harmony's text runs on from the channel's name: `analysisWe ...assistantfinalanswer: R D`.
_FAMILIES = {
    "word": (rf"<{_WORD}>|\[think(?:ing)?\]", rf"</{_WORD}>|\[/think(?:ing)?\]"),
    "reflection": (r"<reflection>", r"</reflection>"),
    "kimi": (r"◁think▷|<\|open\|>think<\|sep\|>", r"◁/think▷|<\|close\|>think<\|sep\|>"),
    "harmony": (
        rf"{_CHANNEL}(?:analysis|commentary)\b(?:[^<\n]{{0,60}}<\|message\|>)?|(?-i:\A\s*analysis(?=[^\W_]))",
        rf"{_CHANNEL}final\b(?:[^<\n]{{0,60}}(?:<\|constrain\|>[^<\n]{{0,40}})?<\|message\|>)?|{_BARE_FINAL}",
    ),
    "command": (r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),
    "open": (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),
    "apertus": (r"<\|inner_prefix\|>", r"<\|inner_suffix\|>"),
    "gemma": (r"<unused94>(?:thought)?|<\|channel>(?:thought)?", r"<unused95>|<channel\|>"),
    "granite": (r"Here(?:'s| is) my thought process:", r"Here(?:'s| is) my response:"),
    "plamo": (r"<\|plamo:begin_think:plamo\|>", r"<\|plamo:end_think:plamo\|>"),
    "solar": (r"<\|think\|>", r"<\|begin\|>assistant<\|content\|>"),
    "inkling": (r"<\|content_thinking\|>", r"<\|content_text\|>"),
    "muse": (r"to=self<\|message\|>", r"to=user<\|message\|>"),
}
# The end marks as models write them; `<think>`, `[THINK]` and `<reflection>` end with the same word after a slash.
_ENDS = {
    "harmony": "<|end|><|start|>assistant<|channel|>final<|message|>",
    "command": "<|END_THINKING|>",
    "open": "<|end_of_thought|>",
    "apertus": "<|inner_suffix|>",
    "granite": "Here is my response:",
    "plamo": "<|plamo:end_think:plamo|>",
    "solar": "<|begin|>assistant<|content|>",
    "inkling": "<|content_text|>",
    "muse": "to=user<|message|>",
}
_ENDS_OF_MARKS = {
    "◁think▷": "◁/think▷",
    "<|open|>think<|sep|>": "<|close|>think<|sep|>",
    "<unused94>": "<unused95>",
    "<unused94>thought": "<unused95>",
    "<|channel>": "<channel|>",
    "<|channel>thought": "<channel|>",
}
_MARK = re.compile(
    "|".join(f"(?P<begin_{name}>{begin})|(?P<end_{name}>{end})" for name, (begin, end) in _FAMILIES.items()),
    re.IGNORECASE,
)
# A cheap pattern for the places where a mark may begin: matching all marks at every character takes ten times longer.
_CANDIDATE = re.compile(
    r"<(?=[/|a-z])|\[(?=/?think)|◁|here(?:'s| is) my|to=(?:self|user)|assistantfinal|\A\s*(?:analysis|final)",
    re.IGNORECASE,
)
_SPECIAL = ("<|", "◁", "<unused", "<channel|", "[")  # these do not occur in sentences
_QUOTES = "`'\"“”\u2018\u2019«»"
_SENTENCE_ENDS = ".!?:"
_LINE_END = re.compile(r"[ \t\r]*(?:\n|\Z)")
_MENTIONED_PAIR = re.compile(r"[\s`'\"]*(?:\.{3}|…|and|or|to|e|ou|[/,&-])?[\s`'\"]*")
# Removed too: special tokens anywhere, and a tag around the reply after the reasoning.
_FRAME = re.compile(
    r"<\|(?:(?:START|END)_(?:RESPONSE|TEXT)|(?:begin|end)_of_solution|return|end|call|eom|eot|end_message)\|>"
    r"|<\|(?:open|close)\|>response<\|sep\|>"
)
_TAG_AROUND = re.compile(r"\s*<(answer|response|output|conclusion|solution)>", re.IGNORECASE)


@dataclass(frozen=True)
class OpenThought:
    """Reasoning that has not ended."""

    start: int
    """Where its mark begins."""
    closing: str
    """The text that ends it, after which the reply proper begins."""


def remove_thoughts(reply: str) -> tuple[str, bool]:
    """Return the reply without its reasoning, and whether it ends inside the reasoning.

    Where a reply has an end mark without a begin mark, the chat template has written the begin mark into the prompt, so
    that everything before the end mark is reasoning. A mark inside a sentence or in quotation marks is only mentioned,
    and removes nothing.
    """
    text, mark = _split(reply)
    return text, mark is not None


def find_open_thought(reply: str) -> OpenThought | None:
    """Return the reasoning that a reply ends in; None outside of reasoning."""
    mark = _split(reply)[1]
    if mark is None:
        return None
    family = (mark.lastgroup or "").partition("_")[2]
    end = _ENDS.get(family) or _ENDS_OF_MARKS.get(mark[0].lower()) or f"{mark[0][0]}/{mark[0][1:]}"
    return OpenThought(mark.start(), f"\n{end}" if family == "harmony" else f"\n{end}\n\n")


def is_mark(text: str) -> bool:
    """Return whether a text is a mark that begins or ends reasoning."""
    return bool(_MARK.fullmatch(text))


def find_opening(prompt: str) -> str:
    """Return the mark at the end of a prompt that begins reasoning, with the space after it; empty without one."""
    mark = next(reversed([*_marks(prompt)]), None)
    if mark is None or not (mark.lastgroup or "").startswith("begin") or prompt[mark.end() :].strip():
        return ""
    return prompt[mark.start() :]


def _split(reply: str) -> tuple[str, re.Match[str] | None]:
    """The reply without its reasoning, and the mark of the reasoning that it ends in."""
    opening: re.Match[str] | None = None
    parts: list[str] = []
    at, before = 0, 0  # where the current part of the reply begins, and where the mark before this one ends
    inside, has_thought, follows_mark = "", False, True
    mentioned: re.Match[str] | None = None
    for mark in _marks(reply):
        lead, before = reply[before : mark.start()], mark.end()
        kind, _, family = (mark.lastgroup or "").partition("_")
        if _is_quoted(reply, mark) or (inside and (kind == "begin" or family != inside)):
            follows_mark = False
        elif inside:
            inside, at, follows_mark = "", mark.end(), True
        elif kind == "begin":
            follows_mark = mark[0].startswith(_SPECIAL) or _begins(lead, follows_mark)
            if follows_mark:
                parts.append(reply[at : mark.start()])
                inside, has_thought, mentioned = family, True, None
                opening = mark
            else:
                mentioned = mentioned or mark
        elif mentioned and mentioned.lastgroup == f"begin_{family}":
            if not _is_pair(reply[mentioned.end() : mark.start()]):
                parts.append(reply[at : mentioned.start()])
                at, has_thought = mark.end(), True
            mentioned, follows_mark = None, False
        elif not has_thought or mark[0].startswith(_SPECIAL) or _begins(lead, False) or _ends_line(reply, mark.end()):
            parts.clear()
            at, has_thought, follows_mark = mark.end(), True, True
    if not inside:
        parts.append(reply[at:])
    text = _FRAME.sub("\n", "\n".join(parts))
    return (_unframed(text) if has_thought else text), opening if inside else None


def _marks(reply: str) -> Iterator[re.Match[str]]:
    end = 0
    for candidate in _CANDIDATE.finditer(reply):
        if candidate.start() >= end and (mark := _MARK.match(reply, candidate.start())):
            end = mark.end()
            yield mark


def _is_quoted(reply: str, mark: re.Match[str]) -> bool:
    first, last = mark.start() - 1, mark.end()
    return first >= 0 and last < len(reply) and reply[first] in _QUOTES and reply[last] in _QUOTES


def _is_pair(between: str) -> bool:
    """Whether two marks with this text between them are only mentioned, as in `<think> and </think>`."""
    return len(between) < 20 and bool(_MENTIONED_PAIR.fullmatch(between))


def _begins(lead: str, follows_mark: bool) -> bool:
    """Whether a mark begins a line, or follows a sentence or a mark; `lead` is the text since the last mark."""
    line = lead.rpartition("\n")[2].rstrip(" \t\r")
    return line[-1] in _SENTENCE_ENDS if line else follows_mark or "\n" in lead


def _ends_line(reply: str, at: int) -> bool:
    return bool(_LINE_END.match(reply, at))


def _unframed(text: str) -> str:
    """The reply without the tag around it, as in `<think>...</think><answer>...</answer>`."""
    if not (frame := _TAG_AROUND.match(text)):
        return text
    body = text[frame.end() :].rstrip()
    end = f"</{frame[1]}>"
    return body[: -len(end)] if body.lower().endswith(end.lower()) else body
