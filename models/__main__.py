"""The checkpoints at the command line: list, show, build and remove what the recipes make.

python -m models list
python -m models build sft dpo
python -m models show sft
python -m models remove sft
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

from benchmark.mazes.errors import CheckpointError, LabirintoError

from . import registry, store
from .recipes import RECIPES


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code, 2 for a request that cannot be met."""
    parser = argparse.ArgumentParser(
        prog="python -m models", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    every = commands.add_parser("list", help="all recipes, and where their checkpoints are")
    every.set_defaults(run=_list, prog=every.prog)
    for name, run, text in (
        ("show", _show, "print the record of a checkpoint: recipe, data, figures"),
        ("build", _build, "build checkpoints, and what they start from, if they are missing"),
        ("remove", _remove, "remove built checkpoints from the store; they can be built again"),
    ):
        one = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        one.set_defaults(run=run, prog=one.prog)
        one.add_argument("names", nargs="+", metavar="NAME", help=", ".join(RECIPES))
    options = parser.parse_args(arguments)
    try:
        for name in getattr(options, "names", ()):
            if name not in RECIPES:
                raise CheckpointError(f"no recipe {name!r}; there are {', '.join(RECIPES)}")
        options.run(options)
    except LabirintoError as error:
        print(f"{options.prog}: {error}", file=sys.stderr)
        return 2
    return 0


def _list(_: argparse.Namespace) -> None:
    from tabulate import tabulate

    rows = []
    for name, recipe in RECIPES.items():
        folder = registry.place(name)
        card = _card(folder) if folder else {}
        size = f"{sum(file.stat().st_size for file in folder.iterdir()) / 1e6:.1f} MB" if folder else ""
        seconds = f"{card['seconds'] / 60:.1f} min" if folder else ""
        rows.append([name, recipe.parent or "", registry.digest(name)[:12], size, seconds, folder or "not built"])
    print(tabulate(rows, headers=["recipe", "from", "digest", "size", "took", "where"], tablefmt="plain"))


def _show(options: argparse.Namespace) -> None:
    for name in options.names:
        folder = registry.place(name)
        if folder is None:
            raise CheckpointError(f"{name} is not built: `python -m models build {name}` builds it")
        print(json.dumps(_card(folder), indent=2))


def _build(options: argparse.Namespace) -> None:
    for name in options.names:
        print(f"{name}: {registry.obtain(name)}")


def _remove(options: argparse.Namespace) -> None:
    for name in options.names:
        folder = store.folder(name, registry.digest(name))
        if not folder.is_dir():
            raise CheckpointError(f"{name} is not in the store ({store.home() / 'checkpoints'}), so it is not removed")
        shutil.rmtree(folder)
        print(f"removed {folder}")


def _card(folder: Path) -> dict[str, object]:
    card: dict[str, object] = json.loads((folder / store.CARD).read_text())
    return card


if __name__ == "__main__":
    sys.exit(main())
