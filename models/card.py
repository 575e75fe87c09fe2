"""The model card of a built checkpoint: its recipe, data, figures and provenance, for people and for the hub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from . import load

HEAD = """# {name}

{what} for mazes drawn in ASCII, made by the recipe `{method}`{parent} of Labirinto, a pytest benchmark of how language
models find their way.
"""
METHODS = {
    "pretrain": "A small language model pretrained on drawings of mazes and statements that are true of them,",
    "reward": "A judge of replies",
}


def readme(folder: Path, card: dict[str, Any]) -> str:
    """The text of a README.md, with the header that the hub reads, for the checkpoint in a folder and its record."""
    from huggingface_hub import ModelCardData
    from tabulate import tabulate

    recipe = card["recipe"]
    header = ModelCardData(
        license="apache-2.0",
        library_name="peft" if load.is_adapter(folder) else "transformers",
        pipeline_tag="text-generation" if recipe["method"] != "reward" else "text-classification",
        tags=["labirinto", "maze", recipe["method"]],
    )
    settings = [
        (name, json.dumps(value)) for name, value in recipe.items() if name not in ("method", "data", "tokenizer")
    ]
    told = {"name", "digest", "recipe", "parent", "judge", "weights"}
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
    text += f"\n## Where it comes from\n\n{table(origins, 'what', 'sha256')}\n"
    text += "\nThe mazes that it learned from share no layout, up to symmetry, with the benchmark's suite.\n"
    return f"---\n{header.to_yaml()}\n---\n\n{text}"
