"""What is known of a checkpoint before it is asked: `python -m models inspect NAME`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import psutil
from transformers import PretrainedConfig, PreTrainedTokenizerBase

from benchmark.mazes.draw import DRAWINGS
from benchmark.mazes.printable import printable
from benchmark.mazes.prompt import PromptOptions
from benchmark.mazes.suite import DEFAULT, SUITES

from . import chat, hardware, load
from .adapters import weight_shapes
from .audit import audit
from .checkpoints import GGUF, Checkpoint
from .engines.tokens import NAME, positions, tokenize
from .inference import cost
from .inference.dry_run import write_messages
from .inference.forecast import describe_time
from .inference.options import DEFAULTS
from .inference.questions import Questions
from .template_facts import TemplateFacts, read_template
from .tensor_headers import read_tensors
from .weights import Weights

TRAINED_WITH_BOS = ("<s>", "<bos>", "<|begin_of_text|>")
"""BOS tokens of families whose models read them before each text in training."""


@dataclass(frozen=True)
class View:
    """What to look at."""

    tier: str = "tiny"
    drawing: str = "compact"
    prompt_style: str | None = None
    """None: that of the checkpoint."""


@dataclass
class Inspection:
    """What was found, in sections of names and values, and sentences about what is odd."""

    name: str
    sections: dict[str, dict[str, Any]] = field(default_factory=dict)
    prompt: str = ""
    """The prompt of one case, as the model gets it."""
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Parts:
    """What the sections are made from."""

    checkpoint: Checkpoint
    weights: Weights
    config: PretrainedConfig
    tokenizer: PreTrainedTokenizerBase
    template: TemplateFacts | None

    @property
    def text_config(self) -> PretrainedConfig:
        return self.config.get_text_config(decoder=True)


def inspect(checkpoint: Checkpoint, view: View) -> Inspection:
    """Look at a checkpoint. Its weights are not loaded; what is missing is downloaded or converted, but not trained.

    Raises CheckpointError if its files cannot be read.
    """
    found = Inspection(checkpoint.name)
    if checkpoint.is_agent:
        found.sections["model"] = {"kind": "baseline agent"}
        found.notes.append("an agent reads the maze itself: it has no model and gets no prompt")
        return found
    questions = _questions(checkpoint, view)
    if checkpoint.engine:
        found.sections["model"] = {"kind": "served model", **_served(checkpoint)}
        found.notes.append("its weights and its tokenizer are on the server, and unknown here")
        found.prompt = write_messages(questions.requests[0])
        return found
    weights = checkpoint.weights()
    tokenizer = load.tokenizer(weights)
    template = weights.chat_template
    parts = _Parts(
        checkpoint,
        weights,
        load.settings(weights),
        tokenizer,
        read_template(chat.choose(template)) if template else None,
    )
    found.sections["model"] = _model(parts, found.notes)
    found.sections["number formats"] = _formats(parts, found.notes)
    found.sections["tokens"] = _tokens(parts, found.notes)
    found.sections["chat template"] = _chat(parts, questions, found.notes)
    found.sections["drawings"] = _drawings(parts, questions, found.notes)
    found.sections["prompt"] = _prompt(parts, questions, found)
    found.sections["cost"] = _costs(checkpoint, questions, found.notes)
    return found


def render(found: Inspection) -> str:
    """An inspection as text: the sections, the prompt, and what is odd."""
    lines = [printable(found.name)]
    for name, section in found.sections.items():
        lines += ["", name, *(f"  {label:<28}{_word(value)}" for label, value in section.items())]
        if not section:
            lines.append("  nothing is known")
    if found.prompt:
        lines += ["", "prompt of one case, as the model gets it", *(f"  | {line}" for line in found.prompt.split("\n"))]
    lines += ["", "what to know", *(f"  - {note}" for note in found.notes or ["nothing odd was found"])]
    return printable("\n".join(lines))


def _word(value: Any) -> str:
    if isinstance(value, Mapping):
        seconds = describe_time(value["seconds"])
        return f"{seconds} for {value['cases']} cases, {value['memory_gib']} GiB of memory"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _questions(checkpoint: Checkpoint, view: View) -> Questions:
    style = view.prompt_style or checkpoint.prompt_style
    options = PromptOptions(
        drawing=view.drawing,
        prompt_style=style,
        system_prompt=checkpoint.options.system_prompt,
        wording=checkpoint.default_wording(style),
    )
    return Questions(checkpoint, options, DEFAULTS, list(SUITES[DEFAULT].cases(view.tier)))


def _served(checkpoint: Checkpoint) -> dict[str, Any]:
    described = checkpoint.provenance()
    return {name: described[name] for name in ("endpoint", "model")}


def _model(parts: _Parts, notes: list[str]) -> dict[str, Any]:
    text, tensors = parts.text_config, read_tensors(parts.weights.whole)
    heads, key_heads = _setting(text, "num_attention_heads"), _setting(text, "num_key_value_heads")
    section = {
        "kind": type(parts.checkpoint).__name__.lower(),
        "folder": str(parts.weights.folder),
        "architecture": ", ".join(getattr(parts.config, "architectures", None) or [parts.config.model_type]),
        "parameters": tensors.parameters,
        "of them embeddings": tensors.embeddings,
        "layers": _setting(text, "num_hidden_layers"),
        "width": _setting(text, "hidden_size"),
        "heads": f"{heads}, of keys and values {key_heads}" if key_heads else heads,
        "vocabulary": _setting(text, "vocab_size"),
        "context": _setting(text, "max_position_embeddings"),
        "tied embeddings": bool(getattr(parts.config, "tie_word_embeddings", False)),
    }
    if parts.weights.base:
        shapes = weight_shapes(parts.weights.folder)
        section |= {"adapter of": str(parts.weights.base), "adapter rank": parts.weights.lora_rank or None}
        section["adapter parameters"] = sum(prod(shape) for shape in shapes.values())
    if isinstance(parts.checkpoint, GGUF):
        section["file"] = str(parts.checkpoint.file)
        section["quantization of the file"] = parts.checkpoint.header.quantization or "none"
        if parts.checkpoint.header.quantization:
            notes.append("the file is quantized: the model may answer worse than the one that was quantized")
    if not section["context"]:
        notes.append("its settings do not say how long a text it can read: any length is tried")
    if section["of them embeddings"] * 2 > section["parameters"]:
        notes.append("more than half of its parameters are embeddings, which are looked up and not computed with")
    return {name: value for name, value in section.items() if value is not None}


def _setting(config: PretrainedConfig, name: str) -> Any:
    return getattr(config, name, None)


def _formats(parts: _Parts, notes: list[str]) -> dict[str, Any]:
    stored = parts.weights.dtype
    used = hardware.dtype(parts.checkpoint.options.dtype, stored)
    size = sum(file.stat().st_size for file in parts.weights.whole.glob("*.safetensors"))
    quantized = getattr(parts.config, "quantization_config", None)
    section = {"on disk": stored or "unknown", "in use here": used, "files": f"{size / 1e6:,.0f} MB"}
    if quantized:
        method = quantized.get("quant_method") if isinstance(quantized, Mapping) else None
        section["quantization"] = str(method or "yes")
        notes.append(f"its weights are quantized ({section['quantization']}): vLLM may run them, transformers may not")
    if not hardware.has_cuda():
        if used in ("bfloat16", "float16") and not hardware.has_bfloat16():
            notes.append(f"this CPU does not compute in {used}: it is slower than float32 here")
        elif stored in ("bfloat16", "float16") and used == "float32":
            notes.append(f"the files are in {stored}, and float32 is used here: twice the memory of the files")
    return section


def _tokens(parts: _Parts, notes: list[str]) -> dict[str, Any]:
    tokenizer, stops = parts.tokenizer, load.stop_token_ids(parts.weights, parts.tokenizer)
    ids = tokenizer("a")["input_ids"]
    adds_bos = bool(ids) and tokenizer.bos_token_id is not None and ids[0] == tokenizer.bos_token_id
    vocabulary = _setting(parts.text_config, "vocab_size")
    section = {
        "tokenizer": type(tokenizer).__name__,
        "known tokens": len(tokenizer),
        "BOS": tokenizer.bos_token or "none",
        "BOS is added to texts": adds_bos,
        "ends of a reply": ", ".join(str(tokenizer.convert_ids_to_tokens(token)) for token in sorted(stops)) or "none",
        "PAD": tokenizer.pad_token or "none",
        f"tokens of {NAME.strip()}": len(tokenizer(NAME, add_special_tokens=False)["input_ids"]),
    }
    if not adds_bos and tokenizer.bos_token in TRAINED_WITH_BOS:
        notes.append(
            f"the tokenizer does not add {tokenizer.bos_token} to texts, and its family is usually trained "
            "with it: they read plain prompts badly without. Compare with the tokenizer of the original model"
        )
    if not stops:
        notes.append("no token ends a reply: each reply goes on to its limit, unless a text ends it (--stop)")
    if vocabulary and len(tokenizer) > vocabulary:
        notes.append(
            f"the tokenizer knows {len(tokenizer)} tokens and the model {vocabulary}: they may not belong together"
        )
    return section


def _chat(parts: _Parts, questions: Questions, notes: list[str]) -> dict[str, Any]:
    template, style = parts.template, questions.prompt_options.prompt_style
    if template is None:
        words = parts.checkpoint.name.lower().replace("_", "-").split("-")
        if {"it", "instruct", "chat"} & set(words):
            notes.append("its name is that of a model that chats, but it has no chat template")
        return {"is there": False, "asked with": "a plain text to continue"}
    section = {
        "is there": True,
        "asked with": "its chat template" if style == "chat" else "a plain text to continue",
        "roles": ", ".join(template.roles),
        "system role": "system" in template.roles,
        "system message of its own": template.adds_system,
        "strict alternation": template.needs_alternation,
        "variables": ", ".join(template.variables) or "none",
        "opens a thought": template.opening or False,
    }
    if chat.is_folded(parts.weights.chat_template):
        notes.append(chat.FOLDED)
    if template.adds_system:
        notes.append("where a prompt has no system message, the chat template writes one of its own")
    if template.opening:
        notes.append(
            f"the chat template opens a thought ({template.opening}): a reply has to end it before its answer counts"
        )
    if style == "plain" and not parts.checkpoint.is_taught:
        notes.append("it has a chat template and is asked with a plain text: --prompt chat uses the template")
    end = template.end_of_turn
    ids = parts.tokenizer(end, add_special_tokens=False)["input_ids"] if end else []
    if ids and ids[0] not in load.stop_token_ids(parts.weights, parts.tokenizer):
        notes.append(
            f"a turn of the assistant ends with {end!r}, which does not end a reply: replies may go on after it"
        )
    return section


def _drawings(parts: _Parts, questions: Questions, notes: list[str]) -> dict[str, Any]:
    maze, rows = questions.cases[0].maze, {}
    for name in DRAWINGS:
        if result := audit(parts.weights, maze, name):
            steps = f"{result.fewest}" if result.is_aligned else f"{result.fewest} to {result.most}"
            rows[name] = f"{steps} tokens a row, {result.tokens} in all" + ", aligned" * result.is_aligned
    drawing = questions.prompt_options.drawing
    chosen = rows.get(drawing)
    if chosen and "aligned" not in chosen:
        aligned = [name for name, row in rows.items() if "aligned" in row]
        better = f"; they are in {', '.join(aligned)}" if aligned else ", nor in another drawing"
        notes.append(
            f"the columns of the drawing {drawing} are not aligned in tokens{better}: the cell below is not always "
            "equally many tokens away"
        )
    return rows


def _prompt(parts: _Parts, questions: Questions, found: Inspection) -> dict[str, Any]:
    request = questions.requests[0]
    longest = positions(parts.config) - parts.weights.virtual_tokens
    (one,) = tokenize([request], parts.tokenizer, parts.weights, longest)
    cells = len(parts.tokenizer(NAME, add_special_tokens=False)["input_ids"])
    limit, options = request.token_limit(cells), questions.prompt_options
    found.prompt = str(parts.tokenizer.decode(one.ids))
    if one.limit < limit:
        found.notes.append(
            f"its context of {longest:,} tokens is shorter than a prompt ({len(one.ids):,}) and the longest reply "
            f"({limit:,}) of {request.case.group}: "
            + ("the prompt alone is too long" if not one.limit else "long replies are cut off")
        )
    bos = parts.tokenizer.bos_token_id
    if bos is not None and one.ids[:2] == [bos, bos]:
        found.notes.append(f"the prompt begins with two {parts.tokenizer.bos_token}")
    return {
        "case": f"{request.case.group} {request.case.id}",
        "style": options.prompt_style,
        "drawing": options.drawing,
        "wording": options.wording,
        "tokens": len(one.ids),
        "longest reply": limit,
    }


def _costs(checkpoint: Checkpoint, questions: Questions, notes: list[str]) -> dict[str, Any]:
    """The estimates of each engine for all cases of the tier."""
    free, rows = psutil.virtual_memory().available, {}
    for engine in cost.list_local_engines(checkpoint):
        if estimate := cost.estimate(checkpoint, questions.requests, engine):
            rows[engine] = {
                "cases": len(questions.cases),
                "seconds": round(estimate.seconds),
                "memory_gib": round(estimate.memory_bytes / 2**30, 1),
            }
            if not hardware.has_cuda() and estimate.memory_bytes > free:
                notes.append(
                    f"{engine} needs about {estimate.memory_bytes / 2**30:.1f} GiB for this, and "
                    f"{free / 2**30:.1f} GiB are free"
                )
    return rows
