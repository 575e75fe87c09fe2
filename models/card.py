"""The model card of a built checkpoint: recipe, data, figures and provenance, for readers and for the hub."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import ModelCardData, metadata_load
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from tabulate import tabulate
from yaml import YAMLError

from benchmark.mazes.errors import CheckpointError
from models.weights import is_adapter

from .nano.taught import sentences, taught_inside

METHODS = {
    "pretrain": "A small language model pretrained on drawings of mazes and statements that are true of them,",
    "reward": "A reward model, which scores replies,",
}
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    undefined=StrictUndefined,
    autoescape=False,  # noqa: S701  it is Markdown
)


def readme(folder: Path, record: Mapping[str, Any], lineage: Mapping[str, Any]) -> str:
    """The text of a README.md, with the metadata header of the hub.

    Args:
        folder: the checkpoint's folder.
        record: its record in the store.
        lineage: the header fields that it takes from its parent: license, base model and relation.

    Raises CheckpointError if the record lacks something that the model card needs.
    """
    if not _is_whole(record):
        raise CheckpointError(f"the record of the checkpoint in {folder} is incomplete: build the checkpoint again")
    recipe = record["recipe"]
    header = ModelCardData(
        **lineage,
        library_name="peft" if is_adapter(folder) else "transformers",
        pipeline_tag="text-generation" if recipe["method"] != "reward" else "text-classification",
        tags=["labirinto", "maze", recipe["method"]],
    )
    settings = [
        (name, json.dumps(value)) for name, value in recipe.items() if name not in ("method", "data", "tokenizer")
    ]
    shown_elsewhere = {"name", "digest", "recipe", "parent", "judge", "weights", "taught_inside"}
    figures = [(name, value) for name, value in record.items() if name not in shown_elsewhere]
    origins = [("recipe", record["digest"]), ("data", recipe["data"]), ("weights", record["weights"])]
    origins += [
        (f"{role} {record[role]['name']}", record[role]["digest"]) for role in ("parent", "judge") if record.get(role)
    ]

    text: str = _TEMPLATES.get_template("model_card.md.jinja").render(
        header=header.to_yaml(),
        record=record,
        recipe=recipe,
        what=METHODS.get(recipe["method"], "A language model fine-tuned"),
        has_curve=(folder / "curve.svg").is_file(),
        figures=_table(figures, "figure"),
        settings=_table(settings, "setting"),
        taught=sentences(taught_inside([record])),
        origins=_table(origins, "what", "sha256"),
        license=lineage.get("license_name") or lineage.get("license"),
    )
    return text


def gguf_readme(record: Mapping[str, Any]) -> str:
    """The text of a README.md for a model that was converted from a .gguf file; `record` is its record in the store."""
    origin = record["gguf"]
    header = ModelCardData(
        license=origin["license"],
        base_model=origin["base_model"] or None,
        base_model_relation="quantized" if origin["base_model"] and origin["quantization"] else None,
        library_name="transformers",
        pipeline_tag="text-generation",
    )
    text: str = _TEMPLATES.get_template("gguf_card.md.jinja").render(
        header=header.to_yaml(), record=record, origin=origin, versions=_table([*record["versions"].items()], "package")
    )
    return text


def _table(rows: Sequence[tuple[str, Any]], head: str, value: str = "value") -> str:
    return str(tabulate(rows, headers=[head, value], tablefmt="github", disable_numparse=True))


def _is_whole(record: Mapping[str, Any]) -> bool:
    """Whether a record has all that the model card needs."""
    recipe, ancestors = record.get("recipe"), [record.get("parent"), record.get("judge")]
    return (
        {"name", "digest", "parent", "weights"} <= record.keys()
        and isinstance(recipe, dict)
        and isinstance(recipe.get("method"), str)
        and "data" in recipe
        and all(
            parent is None or (isinstance(parent, dict) and {"name", "digest"} <= parent.keys()) for parent in ancestors
        )
    )


def metadata(file: Path) -> dict[str, Any]:
    """The metadata header of a model card; empty if there is none, or it cannot be read."""
    try:
        return metadata_load(file) or {}
    except (OSError, ValueError, YAMLError, RecursionError):
        return {}
