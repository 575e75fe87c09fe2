"""The checkpoints at the command line: what the recipes make, and anyone's models.

python -m models list
python -m models build sft dpo
python -m models build sft:org/name
python -m models show sft
python -m models check sft-lora
python -m models export sft ./folder
python -m models push sft org/name
python -m models pretrain ./folder
python -m models remove sft
python -m models cache show
python -m models cache prune --checkpoint sft --older-than 30

`remove` and `cache prune` list what they delete, and ask first at a terminal (`--yes` does not ask, `--dry-run` deletes
nothing). `build` also runs under `accelerate launch`, with several processes that train together.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from tabulate import tabulate

from benchmark.mazes.atomic import replacing
from benchmark.mazes.errors import CheckpointError, LabirintoError
from benchmark.mazes.pipe import run_piped
from benchmark.mazes.printable import printable
from benchmark.mazes.prompt import PromptOptions, prompt
from benchmark.mazes.suite import DEFAULT, SUITES
from models.weights import is_adapter

from . import hub, processes, registry, store
from .checkpoints import Built, Checkpoint
from .inference.reply_cache import Cache, place
from .options import add_checkpoint_options
from .recipes import RECIPES


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code, 2 for a request that cannot be met."""
    return run_piped(lambda: _run(arguments))


def _run(arguments: list[str] | None) -> int:
    options = _parser().parse_args(arguments)
    try:
        options.choices = registry.choose(options, Path())
        options.run(options)
    except LabirintoError as error:
        print(f"{options.prog}: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_checkpoint_options(parser.add_argument)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, text, takes in (
        ("list", _list, "all recipes and names of your own, and where their checkpoints are", ()),
        ("show", _show, "print the record of checkpoints: recipe, data, figures", ("names",)),
        ("build", _build, "build checkpoints, and what they start from, if they are missing", ("names",)),
        ("check", _check, "check that adapters are really applied, and say the same when they are merged", ("names",)),
        ("remove", _remove, "remove built checkpoints from the store; they can be built again", ("names",)),
        ("pretrain", _pretrain, "train the base from nothing into a folder; run again, it goes on", ("folder",)),
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
        if name == "remove":
            _add_deleting(one)
    _add_cache(commands)
    return parser


def _add_deleting(command: argparse.ArgumentParser) -> None:
    """The options of commands that delete."""
    command.add_argument("--dry-run", action="store_true", help="list what would be deleted, and delete nothing")
    command.add_argument("--yes", action="store_true", help="do not ask at a terminal")


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = -1
    if not (days >= 0 and math.isfinite(days)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days: it is 0 or more, such as 30 or 0.5")
    return days


def _add_cache(commands: Any) -> None:
    """The commands of the reply cache."""
    text = "the replies that were given before"
    cached = commands.add_parser("cache", help=text, description=text.capitalize() + ".")
    several = cached.add_subparsers(required=True, metavar="COMMAND")
    shown = several.add_parser("show", help="how many replies there are, of whom and through what")
    shown.set_defaults(run=_cache_show, prog=shown.prog)
    pruned = several.add_parser("prune", help="forget replies; they can be asked for again")
    pruned.add_argument("--checkpoint", metavar="NAME", help="those of this checkpoint")
    pruned.add_argument("--older-than", type=_days, metavar="DAYS", help="those that are older than so many days")
    pruned.add_argument("--all", action="store_true", help="all of them")
    _add_deleting(pruned)
    pruned.set_defaults(run=_cache_prune, prog=pruned.prog)


def _cache_show(_: argparse.Namespace) -> None:
    if not place().is_file():
        print(f"{place()}: no replies yet")
        return
    with closing(Cache()) as cache:
        print(f"{cache.file}: {cache.file.stat().st_size / 1e6:.1f} MB")
        _print_replies(cache.summary())


def _print_replies(summary: Sequence[Sequence[Any]]) -> None:
    rows = [
        (printable(name), engine, n, tokens, *(f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M}" for at in times))
        for name, engine, n, tokens, *times in summary
    ]
    print(tabulate(rows, headers=["checkpoint", "engine", "replies", "tokens", "first", "last"], tablefmt="plain"))


def _cache_prune(options: argparse.Namespace) -> None:
    if not (options.checkpoint or options.older_than is not None or options.all):
        raise CheckpointError("say which: --checkpoint NAME, --older-than DAYS, or --all")
    if not place().is_file():
        print(f"{place()}: no replies yet")
        return
    before = None if options.older_than is None else time.time() - options.older_than * 24 * 3600
    with closing(Cache()) as cache:
        if going := cache.summary(options.checkpoint, before):
            _print_replies(going)
        number = sum(row[2] for row in going)
        if not going or not _may_delete(options, f"{number:,} replies in {cache.file}"):
            print(f"{cache.file}: forgot 0 replies")
            return
        print(f"{cache.file}: forgot {cache.prune(options.checkpoint, before)} replies")


def _may_delete(options: argparse.Namespace, what: str) -> bool:
    """Whether to go on with what was listed. A terminal is asked; a script has said it by running the command."""
    if options.dry_run:
        print(f"would delete {what}")
        return False
    if options.yes or not (sys.stdin and sys.stdin.isatty() and sys.stdout.isatty()):
        return True
    try:
        return input(f"Delete {what}? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _list(options: argparse.Namespace) -> None:
    rows = []
    for name in [*RECIPES, *options.choices.named]:
        one = _any(name, options.choices)
        if not isinstance(one, Built):
            rows.append([name, "", "", "", "", options.choices.named[name]])
            continue
        folder = one.place()
        card = (store.read_record(folder) if folder else None) or {}
        size = f"{sum(file.stat().st_size for file in folder.iterdir()) / 1e6:.1f} MB" if folder else ""
        seconds = card.get("seconds")
        minutes = f"{seconds / 60:.1f} min" if isinstance(seconds, int | float) else ""
        rows.append(
            [one.name, one.parent.name if one.parent else "", one.digest()[:12], size, minutes, folder or "not built"]
        )
    print(tabulate(rows, headers=["checkpoint", "from", "digest", "size", "took", "where"], tablefmt="plain"))


def _show(options: argparse.Namespace) -> None:
    for name in options.names:
        print(json.dumps(store.read_record(_place(_built(name, options.choices))), indent=2))


def _build(options: argparse.Namespace) -> None:
    for name in options.names:
        folder = _any(name, options.choices).weights().folder
        if processes.is_first():
            print(f"{name}: {folder}")


def _pretrain(options: argparse.Namespace) -> None:
    folder = Path(options.folder).expanduser().absolute()
    checkpoint = registry.built("base")  # and not a rebuilt one: what is trained here may be shipped
    if (store.read_record(folder) or {}).get("digest") == checkpoint.digest():
        raise CheckpointError(f"{folder} is there already, and is whole")
    work = folder / "part"
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"cannot write {folder}: {error.strerror}") from error
    checkpoint.build({}, folder, work)
    shutil.rmtree(work)
    print(f"base: {folder}")


def _check(options: argparse.Namespace) -> None:
    from .adapter_check import check_adapter

    for name in options.names:
        checkpoint = _any(name, options.choices)
        if isinstance(checkpoint, Built):
            _place(checkpoint)
        _require_ancestors(checkpoint)
        weights = checkpoint.weights()
        if not weights.base:
            raise CheckpointError(f"{name} is a whole model and no adapter: there is nothing to check")
        found = check_adapter(weights, str(prompt(SUITES[DEFAULT].cases("small")[0].maze, PromptOptions())))
        print(
            f"{name}: its logits differ from those of {weights.base} by up to {found['from_base']:.2g} of their "
            f"spread, and by {found['from_merged']:.1g} when it is merged"
        )


def _remove(options: argparse.Namespace) -> None:
    folders = []
    for name in options.names:
        folder = _built(name, options.choices).stored()
        if not folder.is_dir():
            raise CheckpointError(f"{name} is not in the store ({store.home() / 'checkpoints'}), so it is not removed")
        if folder not in folders:
            folders.append(folder)
    sizes = [sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) for folder in folders]
    for folder, size in zip(folders, sizes, strict=True):
        print(f"{size / 1e6:8.1f} MB  {folder}")
    if _may_delete(options, f"{len(folders)} checkpoint{'s' * (len(folders) != 1)} ({sum(sizes) / 1e6:.1f} MB)"):
        for folder in folders:
            shutil.rmtree(folder)
            print(f"removed {folder}")


def _export(options: argparse.Namespace) -> None:
    target = Path(options.folder).expanduser().absolute()
    if target.exists():
        raise CheckpointError(f"{target} is there already: export makes a new folder")
    checkpoint = _built(options.name, options.choices)
    _place(checkpoint)
    try:
        with replacing(target) as beside:
            _write(checkpoint, beside, options.merged)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"cannot write {target}: {error}") from error
    print(f"{options.name}: {target}")


def _push(options: argparse.Namespace) -> None:
    checkpoint = _built(options.name, options.choices)
    _place(checkpoint)
    with tempfile.TemporaryDirectory() as beside:
        _write(checkpoint, Path(beside) / "whole", options.merged)
        print(f"{options.name}: {hub.push(Path(beside) / 'whole', options.repository, options.private)}")


def _write(checkpoint: Built, target: Path, merged: bool) -> None:
    """The files of a built checkpoint, or with `merged` those of a whole model made from its adapter."""
    from .checkpoints.lineage import model_card

    folder = _place(checkpoint)
    shutil.copytree(folder, target)
    if merged and is_adapter(folder):
        from . import load  # it loads transformers

        _require_ancestors(checkpoint)
        load.model(checkpoint.weights()).merge_and_unload(safe_merge=True).save_pretrained(target)
        for file in target.glob("adapter_*"):
            file.unlink()
    text = model_card(target, store.read_record(target) or {}, checkpoint.parent)
    (target / "README.md").write_text(text, encoding="utf-8")


def _any(name: str, choices: registry.Choices) -> Checkpoint:
    """Any checkpoint, a judge too."""
    return registry.built(name, "", choices) if name in RECIPES else registry.find(name, choices)


def _built(name: str, choices: registry.Choices) -> Built:
    """A checkpoint that a recipe makes. Raises CheckpointError for any other."""
    checkpoint = _any(name, choices)
    if not isinstance(checkpoint, Built):
        raise CheckpointError(f"{name} is not made by a recipe; those are {', '.join(RECIPES)}, and RECIPE:MODEL")
    return checkpoint


def _place(checkpoint: Built) -> Path:
    """Where a checkpoint lies. Raises CheckpointError where it is not built: only `build` starts a training."""
    if (place := checkpoint.place()) is None:
        raise CheckpointError(f"{checkpoint.name} is not built: `python -m models build {checkpoint.name}` builds it")
    return place


def _require_ancestors(checkpoint: Checkpoint) -> None:
    """Raise CheckpointError where something that a checkpoint was made from, or is an adapter for, is not built."""
    for one in (checkpoint.base_model(), *checkpoint.ancestors()):
        if isinstance(one, Built):
            _place(one)


if __name__ == "__main__":
    sys.exit(main())
