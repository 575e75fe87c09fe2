"""The model card of a built checkpoint: its recipe, data, figures and provenance, for people and for the hub."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.mazes.errors import CheckpointError

from . import load
from .nano.taught import sentences, taught_inside

if TYPE_CHECKING:
    from .checkpoints import Checkpoint

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
OURS = "apache-2.0"
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


def readme(folder: Path, card: dict[str, Any], parent: Checkpoint | None = None) -> str:
    """The text of a README.md, with the header that the hub reads, for the checkpoint in a folder and its record.

    License and base model are those of the `parent`. Where that is not on this machine, they are those of the README.md
    that is in the folder.
    """
    from huggingface_hub import ModelCardData
    from tabulate import tabulate

    if not _is_whole(card):
        raise CheckpointError(f"the record of the checkpoint in {folder} is spoilt: build it again")
    recipe = card["recipe"]
    lineage = _lineage(folder, card, parent)
    header = ModelCardData(
        **lineage,
        library_name="peft" if load.is_adapter(folder) else "transformers",
        pipeline_tag="text-generation" if recipe["method"] != "reward" else "text-classification",
        tags=["labirinto", "maze", recipe["method"]],
    )
    settings = [
        (name, json.dumps(value)) for name, value in recipe.items() if name not in ("method", "data", "tokenizer")
    ]
    told = {"name", "digest", "recipe", "parent", "judge", "weights", "taught_inside"}
    figures = [(name, value) for name, value in card.items() if name not in told]
    origins = [("recipe", card["digest"]), ("data", recipe["data"]), ("weights", card["weights"])]
    origins += [
        (f"{role} {card[role]['name']}", card[role]["digest"]) for role in ("parent", "judge") if card.get(role)
    ]

    def table(rows: list[tuple[str, Any]], head: str, value: str) -> str:
        return str(tabulate(rows, headers=[head, value], tablefmt="github", disable_numparse=True))

    text = HEAD.format(
        name=card["name"],
        what=METHODS.get(recipe["method"], "A language model fine-tuned"),
        method=recipe["method"],
        parent=f" from `{card['parent']['name']}`" if card["parent"] else "",
    )
    if (folder / "curve.svg").is_file():
        text += "\n![Training curve](curve.svg)\n\nEvery logged step is in `curve.csv`.\n"
    text += f"\n## Figures\n\n{table(figures, 'figure', 'value')}\n"
    text += f"\n## Recipe\n\n{table(settings, 'setting', 'value')}\n"
    if taught := sentences(taught_inside([card])):
        text += TAUGHT + "".join(f"- {sentence}\n" for sentence in taught)
    text += f"\n## Where it comes from\n\n{table(origins, 'what', 'sha256')}\n"
    text += "\nThe mazes that it learned from share no layout, up to symmetry, with the benchmark's suite.\n"
    if card["parent"]:
        text += f"\n{_terms(card['parent']['name'], lineage)}\n"
    return f"---\n{header.to_yaml()}\n---\n\n{text}"


def _is_whole(card: dict[str, Any]) -> bool:
    """Whether a record has what a model card tells."""
    recipe, ancestors = card.get("recipe"), [card.get("parent"), card.get("judge")]
    return (
        {"name", "digest", "parent", "weights"} <= card.keys()
        and isinstance(recipe, dict)
        and isinstance(recipe.get("method"), str)
        and "data" in recipe
        and all(one is None or (isinstance(one, dict) and {"name", "digest"} <= one.keys()) for one in ancestors)
    )


def _lineage(folder: Path, card: dict[str, Any], parent: Checkpoint | None) -> dict[str, Any]:
    """The fields of the header that a fine-tune has from its parent: license, base model and relation."""
    if not card["parent"]:
        return {"license": OURS}
    relation = {"base_model_relation": "adapter" if load.is_adapter(folder) else "finetune"}
    chain = [parent, *parent.ancestors()] if parent else []
    if parent and not any(one.is_missing for one in chain):
        return _license(chain[-1]) | {"base_model": _base_model(parent)} | relation
    old = metadata(folder / "README.md")
    if "base_model" not in old:
        return {"base_model": card["parent"]["name"]} | relation
    return {
        name: old[name] for name in ("license", "license_name", "license_link", "base_model") if name in old
    } | relation


def _license(root: Checkpoint) -> dict[str, str]:
    """The license in the model card of what a chain starts from, or of the model that this is an adapter for."""
    weights = root.weights()
    for folder in dict.fromkeys((weights.folder, weights.whole)):
        fields = metadata(folder / "README.md")
        if isinstance(fields.get("license"), str):
            return {
                name: fields[name]
                for name in ("license", "license_name", "license_link")
                if isinstance(fields.get(name), str)
            }
    return {}


def _base_model(parent: Checkpoint) -> str:
    """The parent's name on the hub if that is known, else its name here; never a folder of this machine."""
    name = parent.address()["base_model_name_or_path"]
    if not Path(name).is_absolute():
        return name
    try:
        origin = json.loads((Path(name) / "config.json").read_text(encoding="utf-8")).get("_name_or_path")
    except (OSError, ValueError, AttributeError, RecursionError):
        origin = None
    return origin if isinstance(origin, str) and _HUB_ID.fullmatch(origin) else parent.whole().name.rpartition("/")[2]


def _terms(parent: str, lineage: dict[str, Any]) -> str:
    stated = lineage.get("license_name") or lineage.get("license")
    if stated:
        return f"It is a fine-tune of `{parent}` and under the license of that: {stated}."
    return (
        f"It is a fine-tune of `{parent}`, whose model card states no license: ask its authors before you publish it."
    )


def metadata(file: Path) -> dict[str, Any]:
    """The header of a model card; empty where there is none that can be read."""
    from huggingface_hub import metadata_load
    from yaml import YAMLError

    try:
        return metadata_load(file) or {}
    except (OSError, ValueError, YAMLError, RecursionError):
        return {}
