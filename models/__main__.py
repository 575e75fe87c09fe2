"""The checkpoints at the command line: what the recipes make, and anyone's models.

python -m models list
python -m models build sft dpo
python -m models build sft:org/name
python -m models show sft
python -m models check sft-lora
python -m models export sft ./folder
python -m models push sft org/name
python -m models remove sft
python -m models cache show
python -m models cache prune --checkpoint sft --older-than 30

`build` also runs under `accelerate launch`, with several processes that train together.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmark.mazes.errors import CheckpointError, LabirintoError

from . import hub, load, processes, registry, store
from .card import readme
from .checkpoints import Built, Checkpoint
from .recipes import RECIPES


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code, 2 for a request that cannot be met."""
    parser = argparse.ArgumentParser(
        prog="python -m models", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--checkpoints", metavar="FILE", help="a TOML file with names of your own (default: pyproject.toml)"
    )
    parser.add_argument("--lora", action="store_true", help="recipes train LoRA adapters, and not all weights")
    parser.add_argument(
        "--rebuild-base", action="store_true", help="train `base` here, and leave the shipped one alone"
    )
    parser.add_argument("--trust-remote-code", action="store_true", help="run the code that lies beside a model")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, text, takes in (
        ("list", _list, "all recipes and names of your own, and where their checkpoints are", ()),
        ("show", _show, "print the record of checkpoints: recipe, data, figures", ("names",)),
        ("build", _build, "build checkpoints, and what they start from, if they are missing", ("names",)),
        ("check", _check, "check that adapters are really applied, and say the same when they are merged", ("names",)),
        ("remove", _remove, "remove built checkpoints from the store; they can be built again", ("names",)),
        ("export", _export, "write a checkpoint with its model card into a new folder", ("name", "folder")),
        ("push", _push, "upload a checkpoint with its model card to the Hugging Face hub", ("name", "repository")),
    ):
        one = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        one.set_defaults(run=run, prog=one.prog)
        for taken in takes:
            one.add_argument(taken, nargs="+" if taken == "names" else None, metavar=taken.upper().removesuffix("S"))
        if name in ("export", "push"):
            one.add_argument(
                "--merged", action="store_true", help="an adapter merged into its base, as one whole model"
            )
        if name == "push":
            one.add_argument("--private", action="store_true", help="make the repository private, if it is new")
    _add_cache(commands)
    options = parser.parse_args(arguments)
    try:
        options.choices = registry.choose(options, Path())
        options.run(options)
    except LabirintoError as error:
        print(f"{options.prog}: {error}", file=sys.stderr)
        return 2
    return 0


def _add_cache(commands: Any) -> None:
    """The commands of the reply cache."""
    text = "the replies that were given before"
    cached = commands.add_parser("cache", help=text, description=text.capitalize() + ".")
    several = cached.add_subparsers(required=True, metavar="COMMAND")
    shown = several.add_parser("show", help="how many replies there are, of whom and through what")
    shown.set_defaults(run=_cache_show, prog=shown.prog)
    pruned = several.add_parser("prune", help="forget replies; they can be asked for again")
    pruned.add_argument("--checkpoint", metavar="NAME", help="those of this checkpoint")
    pruned.add_argument("--older-than", type=float, metavar="DAYS", help="those that are older than so many days")
    pruned.add_argument("--all", action="store_true", help="all of them")
    pruned.set_defaults(run=_cache_prune, prog=pruned.prog)


def _cache_show(_: argparse.Namespace) -> None:
    from tabulate import tabulate

    from .cache import Cache, place

    if not place().is_file():
        print(f"{place()}: no replies yet")
        return
    kept = Cache()
    rows = [
        (name, engine, n, tokens, *(f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M}" for at in times))
        for name, engine, n, tokens, *times in kept.summary()
    ]
    kept.close()
    print(f"{kept.file}: {kept.file.stat().st_size / 1e6:.1f} MB")
    print(tabulate(rows, headers=["checkpoint", "engine", "replies", "tokens", "first", "last"], tablefmt="plain"))


def _cache_prune(options: argparse.Namespace) -> None:
    from .cache import Cache, place

    if not (options.checkpoint or options.older_than is not None or options.all):
        raise CheckpointError("say which: --checkpoint NAME, --older-than DAYS, or --all")
    if not place().is_file():
        print(f"{place()}: no replies yet")
        return
    kept = Cache()
    before = None if options.older_than is None else time.time() - options.older_than * 24 * 3600
    gone = kept.prune(options.checkpoint, before)
    kept.close()
    print(f"{kept.file}: forgot {gone} replies")


def _list(options: argparse.Namespace) -> None:
    from tabulate import tabulate

    rows = []
    for name in [*RECIPES, *options.choices.named]:
        one = _any(name, options.choices)
        if not isinstance(one, Built):
            rows.append([name, "", "", "", "", options.choices.named[name]])
            continue
        folder = one.place()
        card = (store.card(folder) if folder else None) or {}
        size = f"{sum(file.stat().st_size for file in folder.iterdir()) / 1e6:.1f} MB" if folder else ""
        seconds = f"{card['seconds'] / 60:.1f} min" if folder else ""
        rows.append(
            [one.name, one.parent.name if one.parent else "", one.digest()[:12], size, seconds, folder or "not built"]
        )
    print(tabulate(rows, headers=["checkpoint", "from", "digest", "size", "took", "where"], tablefmt="plain"))


def _show(options: argparse.Namespace) -> None:
    for name in options.names:
        folder = _present(name, options.choices).weights().folder
        print(json.dumps(store.card(folder), indent=2))


def _build(options: argparse.Namespace) -> None:
    for name in options.names:
        folder = _any(name, options.choices).weights().folder
        if processes.is_first():
            print(f"{name}: {folder}")


def _check(options: argparse.Namespace) -> None:
    from benchmark.mazes import suite
    from benchmark.mazes.prompt import Asking, prompt

    for name in options.names:
        weights = registry.find(name, options.choices).weights()
        if not weights.base:
            raise CheckpointError(f"{name} is a whole model and no adapter: there is nothing to check")
        found = load.check_adapter(weights, str(prompt(suite.cases("small")[0].maze, Asking())))
        print(
            f"{name}: its logits differ from those of {weights.base} by up to {found['from_base']:.2g} of their "
            f"spread, and by {found['from_merged']:.1g} when it is merged"
        )


def _remove(options: argparse.Namespace) -> None:
    for name in options.names:
        folder = _built(name, options.choices).stored()
        if not folder.is_dir():
            raise CheckpointError(f"{name} is not in the store ({store.home() / 'checkpoints'}), so it is not removed")
        shutil.rmtree(folder)
        print(f"removed {folder}")


def _export(options: argparse.Namespace) -> None:
    target = Path(options.folder).expanduser().absolute()
    if target.exists():
        raise CheckpointError(f"{target} is there already: export makes a new folder")
    checkpoint = _present(options.name, options.choices)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as beside:
        _write(checkpoint, Path(beside) / "whole", options.merged)
        (Path(beside) / "whole").rename(target)
    print(f"{options.name}: {target}")


def _push(options: argparse.Namespace) -> None:
    checkpoint = _present(options.name, options.choices)
    with tempfile.TemporaryDirectory() as beside:
        _write(checkpoint, Path(beside) / "whole", options.merged)
        print(f"{options.name}: {hub.push(Path(beside) / 'whole', options.repository, options.private)}")


def _write(checkpoint: Checkpoint, target: Path, merged: bool) -> None:
    """The files of a built checkpoint, or with `merged` those of a whole model made from its adapter."""
    weights = checkpoint.weights()
    shutil.copytree(weights.folder, target)
    (target / "README.md").write_text(readme(target, store.card(target) or {}))
    if merged and weights.base:
        load.model(weights).merge_and_unload(safe_merge=True).save_pretrained(target)
        for file in target.glob("adapter_*"):
            file.unlink()


def _any(name: str, choices: registry.Choices) -> Checkpoint:
    """Any checkpoint, a judge too."""
    return registry.built(name, "", choices) if name in RECIPES else registry.find(name, choices)


def _built(name: str, choices: registry.Choices) -> Built:
    """A checkpoint that a recipe makes. Raises CheckpointError for any other."""
    found = _any(name, choices)
    if not isinstance(found, Built):
        raise CheckpointError(f"{name} is not made by a recipe; those are {', '.join(RECIPES)}, and RECIPE:MODEL")
    return found


def _present(name: str, choices: registry.Choices) -> Built:
    """A checkpoint that a recipe has made. Raises CheckpointError where it is not built."""
    found = _built(name, choices)
    if found.is_missing:
        raise CheckpointError(f"{name} is not built: `python -m models build {name}` builds it")
    return found


if __name__ == "__main__":
    sys.exit(main())
