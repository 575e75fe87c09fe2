"""The options of a prompt: drawing, style, language, examples, reasoning, glyphs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from ..draw import DRAWINGS, check_glyphs
from ..errors import MazeError
from . import en, pt
from .wordings import TRAINED, WORDINGS, Wording


class Language(Protocol):
    """The texts of a language: a module with these names. Names in braces are replaced when a prompt is made."""

    NAME: str
    QUESTION: str
    SHORT_QUESTION: str
    MOVES: str
    CELLS: str
    TAG: str
    UNREACHABLE: str
    GLYPHS: str
    RULES: str
    FORM: str
    EXAMPLE: str
    USER: str
    AT_ONCE: str
    REASON: str
    LINE_ONLY: str
    LINE_LAST: str
    MOVES_FORM: str
    CELLS_FORM: str
    THOUGHT: str
    STEP: str


LANGUAGES: dict[str, Language] = {"en": en, "pt": pt}
PROMPT_STYLES = ("plain", "chat")


@dataclass(frozen=True)
class PromptOptions:
    """The options of a prompt. Raises MazeError for unknown values and for options that exclude each other."""

    drawing: str = "compact"
    """One of `benchmark.mazes.draw.DRAWINGS`."""
    prompt_style: str = "plain"
    """One of `PROMPT_STYLES`."""
    language: str = "en"
    """One of `LANGUAGES`."""
    shots: int = 0
    """The number of solved examples before the question: mazes of the same size that are in no suite."""
    reasoning: bool = False
    """Whether the prompt asks for reasoning before the answer."""
    glyphs: bool = False
    """Whether each case is drawn with its own random characters."""
    system_prompt: str | None = None
    """The system message of the chat prompt instead of ours; the empty text leaves it out."""
    wording: str = TRAINED
    """One of `benchmark.mazes.prompt.wordings.WORDINGS`."""

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("prompt", self.prompt_style, PROMPT_STYLES),
            ("language", self.language, LANGUAGES),
            ("drawing", self.drawing, DRAWINGS),
            ("wording", self.wording, WORDINGS),
        ):
            if value not in choices:
                raise MazeError(f"unknown {name} {value!r}: choose one of {', '.join(choices)}")
        if self.language not in (legends := DRAWINGS[self.drawing].legends):
            raise MazeError(f"the drawing {self.drawing} has no legend in {self.language}; it has {', '.join(legends)}")
        if self.glyphs:
            check_glyphs(self.drawing)
        if self.shots < 0:
            raise MazeError(f"a prompt must have 0 or more examples, not {self.shots}")
        if self.reasoning and self.prompt_style != "chat":
            raise MazeError(
                "reasoning is possible in the chat prompt only: the plain prompt is a text to continue and gives no "
                "instructions"
            )
        if self.system_prompt is not None and self.prompt_style != "chat":
            raise MazeError("a system prompt is possible in the chat prompt only: the plain prompt has no messages")

    @property
    def words(self) -> Wording:
        """The wording itself."""
        return WORDINGS[self.wording]

    def record(self) -> dict[str, Any]:
        """Return the fields with their names in saved runs, where `prompt_style` is called `style`.

        A field that did not exist when the first runs were saved is left out where it has its default.
        """
        fields = asdict(self)
        for name, default in (("system_prompt", None), ("wording", TRAINED)):
            if fields[name] == default:
                del fields[name]
        return {"style" if name == "prompt_style" else name: value for name, value in fields.items()}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> PromptOptions:
        """Return the options that `record` describes."""
        return cls(**{"prompt_style" if name == "style" else name: value for name, value in record.items()})
