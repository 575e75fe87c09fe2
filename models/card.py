"""The model card of a built checkpoint: its recipe, data, figures and provenance, for people and for the hub."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import ModelCardData, metadata_load
from tabulate import tabulate
from yaml import YAMLError

from benchmark.mazes.errors import CheckpointError
from models.weights import is_adapter

from .nano.taught import sentences, taught_inside

HEAD = """# {name}

{what} for mazes drawn in ASCII, made by the recipe `{method}`{parent} of Labirinto, a pytest benchmark of how language
models find their way.
"""
METHODS = {
    "pretrain": "A small language model pretrained on drawings of mazes and statements that are true of them,",
    "reward": "A judge of replies",
}
TAUGHT = """
## Taught inside

While the base was pretrained, its layers were taught this by losses of their own. It is no finding about this model
that a probe reads it there.

"""


def readme(folder: Path, record: Mapping[str, Any], lineage: Mapping[str, Any]) -> str:
    """The text of a README.md, with the header that the hub reads.

    Args:
        folder: the checkpoint's folder.
        record: its record in the store.
        lineage: the fields of the header that it has from its parent: license, base model and relation.

    Raises CheckpointError where the record lacks what a model card says.
    """
    if not _is_whole(record):
        raise CheckpointError(f"the record of the checkpoint in {folder} is spoilt: build it again")
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
    told = {"name", "digest", "recipe", "parent", "judge", "weights", "taught_inside"}
    figures = [(name, value) for name, value in record.items() if name not in told]
    origins = [("recipe", record["digest"]), ("data", recipe["data"]), ("weights", record["weights"])]
    origins += [
        (f"{role} {record[role]['name']}", record[role]["digest"]) for role in ("parent", "judge") if record.get(role)
    ]

    def table(rows: list[tuple[str, Any]], head: str, value: str) -> str:
        return str(tabulate(rows, headers=[head, value], tablefmt="github", disable_numparse=True))

    text = HEAD.format(
        name=record["name"],
        what=METHODS.get(recipe["method"], "A language model fine-tuned"),
        method=recipe["method"],
        parent=f" from `{record['parent']['name']}`" if record["parent"] else "",
    )
    if (folder / "curve.svg").is_file():
        text += "\n![Training curve](curve.svg)\n\nEvery logged step is in `curve.csv`.\n"
    text += f"\n## Figures\n\n{table(figures, 'figure', 'value')}\n"
    text += f"\n## Recipe\n\n{table(settings, 'setting', 'value')}\n"
    if taught := sentences(taught_inside([record])):
        text += TAUGHT + "".join(f"- {sentence}\n" for sentence in taught)
    text += f"\n## Where it comes from\n\n{table(origins, 'what', 'sha256')}\n"
    text += "\nThe mazes that it learned from share no layout, up to symmetry, with the benchmark's suite.\n"
    if record["parent"]:
        text += f"\n{_terms(record['parent']['name'], lineage)}\n"
    return f"---\n{header.to_yaml()}\n---\n\n{text}"


def _is_whole(record: Mapping[str, Any]) -> bool:
    """Whether a record has what a model card tells."""
    recipe, ancestors = record.get("recipe"), [record.get("parent"), record.get("judge")]
    return (
        {"name", "digest", "parent", "weights"} <= record.keys()
        and isinstance(recipe, dict)
        and isinstance(recipe.get("method"), str)
        and "data" in recipe
        and all(one is None or (isinstance(one, dict) and {"name", "digest"} <= one.keys()) for one in ancestors)
    )


def _terms(parent: str, lineage: Mapping[str, Any]) -> str:
    stated = lineage.get("license_name") or lineage.get("license")
    if stated:
        return f"It is a fine-tune of `{parent}` and under the license of that: {stated}."
    return (
        f"It is a fine-tune of `{parent}`, whose model card states no license: ask its authors before you publish it."
    )


def metadata(file: Path) -> dict[str, Any]:
    """The header of a model card; empty where there is none that can be read."""
    try:
        return metadata_load(file) or {}
    except (OSError, ValueError, YAMLError, RecursionError):
        return {}
