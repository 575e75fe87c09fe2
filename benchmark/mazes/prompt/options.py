"""How a maze is asked about, and what of it there is to choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from ..draw import DRAWINGS, check_glyphs
from ..errors import MazeError
from . import en, pt


class Language(Protocol):
    """The words of a language: a module with these names. What is in braces is put in when a maze is asked about."""

    NAME: str
    QUESTION: str
    TAG: str
    UNREACHABLE: str
    GLYPHS: str
    SYSTEM: str
    USER: str
    AT_ONCE: str
    REASON: str
    THOUGHT: str
    STEP: str


LANGUAGES: dict[str, Language] = {"en": en, "pt": pt}
PROMPT_STYLES = ("plain", "chat")


@dataclass(frozen=True)
class PromptOptions:
    """How a maze is asked about. Raises MazeError for what there is not, or what does not go together."""

    drawing: str = "compact"
    """One of `benchmark.mazes.draw.DRAWINGS`."""
    prompt_style: str = "plain"
    """One of `PROMPT_STYLES`."""
    language: str = "en"
    """One of `LANGUAGES`."""
    shots: int = 0
    """Examples before the question: mazes of the same shape that no suite has."""
    reasoning: bool = False
    """Whether the model is asked to think before it answers."""
    glyphs: bool = False
    """Whether each case is drawn with random characters of its own."""

    def __post_init__(self) -> None:
        for name, value, known in (
            ("prompt", self.prompt_style, PROMPT_STYLES),
            ("language", self.language, LANGUAGES),
            ("drawing", self.drawing, DRAWINGS),
        ):
            if value not in known:
                raise MazeError(f"unknown {name} {value!r}: choose one of {', '.join(known)}")
        if self.language not in (legends := DRAWINGS[self.drawing].legends):
            raise MazeError(f"the drawing {self.drawing} has no legend in {self.language}; it has {', '.join(legends)}")
        if self.glyphs:
            check_glyphs(self.drawing)
        if self.shots < 0:
            raise MazeError(f"a prompt has 0 examples or more, not {self.shots}")
        if self.reasoning and self.prompt_style != "chat":
            raise MazeError(
                "reasoning is asked for in the chat prompt only: a model that continues text is not told what to do"
            )

    def record(self) -> dict[str, Any]:
        """The fields as saved runs name them: `prompt_style` is `style` there."""
        fields = asdict(self)
        return {"style" if name == "prompt_style" else name: value for name, value in fields.items()}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> PromptOptions:
        """The options that `record` has described."""
        return cls(**{"prompt_style" if name == "style" else name: value for name, value in record.items()})
