"""Build, inspect, check, publish and remove checkpoints, and manage the reply cache.

python -m models list
python -m models build sft dpo
python -m models build sft:org/name
python -m models show sft
python -m models inspect sft
python -m models inspect ./model.gguf --tier small --drawing block
python -m models check sft-lora
python -m models export sft ./folder
python -m models push sft org/name
python -m models pretrain ./folder
python -m models remove sft
python -m models cache show
python -m models cache prune --checkpoint sft --older-than 30

`remove` and `cache prune` list what they will delete. In a terminal they ask for confirmation first; `--yes` skips the
question, and `--dry-run` deletes nothing. `build` also runs under `accelerate launch`, in several processes.
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
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from tabulate import tabulate

from benchmark.mazes.atomic import replacing
from benchmark.mazes.draw import DRAWINGS
from benchmark.mazes.errors import CheckpointError, LabirintoError
from benchmark.mazes.pipe import run_piped
from benchmark.mazes.printable import printable
from benchmark.mazes.prompt import PROMPT_STYLES, PromptOptions, prompt
from benchmark.mazes.suite import DEFAULT, SUITES
from models.weights import is_adapter

from . import hub, processes, registry, store
from .checkpoints import GGUF, Built, Checkpoint
from .inference.boundary import translated
from .inference.reply_cache import Cache, place
from .options import add_checkpoint_options
from .recipes import RECIPES


def main(arguments: list[str] | None = None) -> int:
    """Run a command. Returns the exit code: 0, or 2 after an error, whose message is printed to stderr."""
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
    for name, run, text, arguments in (
        ("list", _list, "list all recipes and your own names, with the folders of their checkpoints", ()),
        ("show", _show, "print the records of checkpoints: recipe, data, figures", ("names",)),
        ("build", _build, "build checkpoints, and the checkpoints that they start from, if missing", ("names",)),
        ("check", _check, "check that adapters change the logits, and that merging keeps these logits", ("names",)),
        ("remove", _remove, "remove built checkpoints from the store; they can be built again", ("names",)),
        ("pretrain", _pretrain, "train the base from random weights into a folder, or resume", ("folder",)),
        ("export", _export, "write a checkpoint with its model card into a new folder", ("name", "folder")),
        ("push", _push, "upload a checkpoint with its model card to the Hugging Face hub", ("name", "repository")),
    ):
        command = commands.add_parser(name, help=text, description=text.capitalize() + ".")
        command.set_defaults(run=run, prog=command.prog)
        for argument in arguments:
            nargs = "+" if argument == "names" else None
            command.add_argument(argument, nargs=nargs, metavar=argument.upper().removesuffix("S"))
        if name in ("export", "push"):
            command.add_argument(
                "--merged", action="store_true", help="merge an adapter into its base, and write one whole model"
            )
        if name == "push":
            command.add_argument("--private", action="store_true", help="make the repository private, if it is new")
        if name == "remove":
            _add_deletion_options(command)
    _add_inspect(commands)
    _add_cache(commands)
    return parser


def _add_deletion_options(command: argparse.ArgumentParser) -> None:
    """Declare the options of commands that delete."""
    command.add_argument("--dry-run", action="store_true", help="list what would be deleted, and delete nothing")
    command.add_argument("--yes", action="store_true", help="do not ask for confirmation")


INSPECT = """\
Show what is known of a checkpoint before it is asked, without loading its weights:

- parameters, architecture, context, number formats on disk and in use here;
- BOS, EOS and PAD, and whether BOS is added to texts;
- the chat template: its roles, its variables (for --chat-template-args), whether it opens a thought;
- for each drawing the tokens from a cell to the cell below, and whether they are equal in all columns;
- the whole prompt of one case as the model gets it;
- the expected time and memory of a tier on this machine, for each engine.

The section `what to know` says in words what is odd or wrong. A checkpoint that is missing is downloaded or converted;
the product of a recipe has to be built first.

python -m models inspect smollm2
python -m models inspect ./model.gguf --tier small --drawing block --prompt plain
python -m models inspect org/name --json
"""


def _add_inspect(commands: Any) -> None:
    """Declare the command `inspect`."""
    text = "show what is known of a checkpoint, how it will be asked, and what is odd about it"
    command = commands.add_parser(
        "inspect", help=text, description=INSPECT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    command.set_defaults(run=_inspect, prog=command.prog)
    command.add_argument("name", metavar="NAME", help="any name that `pytest benchmark --checkpoint` takes")
    tiers, drawings = list(SUITES[DEFAULT].groups), list(DRAWINGS)
    command.add_argument(
        "--tier", choices=tiers, default="tiny", help="the mazes of prompt and cost: %(choices)s (default: %(default)s)"
    )
    command.add_argument(
        "--drawing", choices=drawings, default="compact", help="one of %(choices)s (default: %(default)s)"
    )
    command.add_argument(
        "--prompt", choices=PROMPT_STYLES, help="one of %(choices)s (default: chat if there is a chat template)"
    )
    command.add_argument("--json", action="store_true", help="print JSON")


def _inspect(options: argparse.Namespace) -> None:
    checkpoint = registry.find(options.name, options.choices)
    if isinstance(checkpoint, Built):
        _place(checkpoint)
    _require_ancestors(checkpoint)
    inspection = _heavy().inspection
    with translated():
        found = inspection.inspect(checkpoint, inspection.View(options.tier, options.drawing, options.prompt))
    print(json.dumps(asdict(found), indent=2, ensure_ascii=False) if options.json else inspection.render(found))


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = -1
    if not (days >= 0 and math.isfinite(days)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days: use 0 or more, such as 30 or 0.5")
    return days


def _add_cache(commands: Any) -> None:
    """Declare the commands of the reply cache."""
    text = "show or delete stored replies"
    cache = commands.add_parser("cache", help=text, description=text.capitalize() + ".")
    cache_commands = cache.add_subparsers(required=True, metavar="COMMAND")
    show = cache_commands.add_parser("show", help="count the stored replies by checkpoint and engine")
    show.set_defaults(run=_cache_show, prog=show.prog)
    prune = cache_commands.add_parser("prune", help="delete replies; they can be generated again")
    prune.add_argument("--checkpoint", metavar="NAME", help="only replies of this checkpoint")
    prune.add_argument("--older-than", type=_days, metavar="DAYS", help="only replies that are older than DAYS days")
    prune.add_argument("--all", action="store_true", help="all replies")
    _add_deletion_options(prune)
    prune.set_defaults(run=_cache_prune, prog=prune.prog)


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
        raise CheckpointError("select the replies to delete: --checkpoint NAME, --older-than DAYS, or --all")
    if not place().is_file():
        print(f"{place()}: no replies yet")
        return
    before = None if options.older_than is None else time.time() - options.older_than * 24 * 3600
    with closing(Cache()) as cache:
        if selected := cache.summary(options.checkpoint, before):
            _print_replies(selected)
        number = sum(row[2] for row in selected)
        if not selected or not _may_delete(options, f"{number:,} replies in {cache.file}"):
            print(f"{cache.file}: deleted 0 replies")
            return
        print(f"{cache.file}: deleted {cache.prune(options.checkpoint, before)} replies")


def _may_delete(options: argparse.Namespace, items: str) -> bool:
    """Whether to delete what was listed. Only in a terminal the user is asked: a script cannot answer."""
    if options.dry_run:
        print(f"would delete {items}")
        return False
    if options.yes or not (sys.stdin and sys.stdin.isatty() and sys.stdout.isatty()):
        return True
    try:
        return input(f"Delete {items}? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _list(options: argparse.Namespace) -> None:
    rows = []
    for name in [*RECIPES, *registry.PACKAGED, *options.choices.named]:
        try:
            checkpoint = _find_any(name, options.choices)
        except CheckpointError as error:
            if name not in registry.PACKAGED:
                raise
            rows.append([name, registry.PACKAGED[name].base_model_id, "", "", "", f"not installed: {error}"])
            continue
        if isinstance(checkpoint, Built | GGUF):
            rows.append(_row(checkpoint))
        else:
            rows.append([name, "", "", "", "", options.choices.named[name]])
    print(tabulate(rows, headers=["checkpoint", "from", "digest", "size", "time", "folder"], tablefmt="plain"))


def _row(checkpoint: Built | GGUF) -> list[Any]:
    """The row of a checkpoint of the store in the table of `list`."""
    folder = checkpoint.place()
    record = (store.read_record(folder) if folder else None) or {}
    size = f"{sum(file.stat().st_size for file in folder.iterdir()) / 1e6:.1f} MB" if folder else ""
    seconds = record.get("seconds")
    minutes = f"{seconds / 60:.1f} min" if isinstance(seconds, int | float) else ""
    if isinstance(checkpoint, GGUF):
        origin, missing = checkpoint.base_model_id or checkpoint.file.name, "not converted"
    else:
        origin, missing = checkpoint.parent.name if checkpoint.parent else "", "not built"
    return [checkpoint.name, origin, checkpoint.digest()[:12], size, minutes, folder or missing]


def _show(options: argparse.Namespace) -> None:
    for name in options.names:
        print(json.dumps(store.read_record(_place(_stored(name, options.choices))), indent=2))


def _build(options: argparse.Namespace) -> None:
    for name in options.names:
        folder = _find_any(name, options.choices).weights().folder
        if processes.is_first():
            print(f"{name}: {folder}")


def _pretrain(options: argparse.Namespace) -> None:
    folder = Path(options.folder).expanduser().absolute()
    checkpoint = registry.built("base")  # with the digest of the shipped one, so that the result can be shipped
    if (store.read_record(folder) or {}).get("digest") == checkpoint.digest():
        raise CheckpointError(f"{folder} already contains this checkpoint, completely trained")
    work = folder / "part"
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"cannot write {folder}: {error.strerror}") from error
    checkpoint.build({}, folder, work)
    shutil.rmtree(work)
    print(f"base: {folder}")


def _check(options: argparse.Namespace) -> None:
    for name in options.names:
        checkpoint = _find_any(name, options.choices)
        if isinstance(checkpoint, Built):
            _place(checkpoint)
        _require_ancestors(checkpoint)
        weights = checkpoint.weights()
        if not weights.base:
            raise CheckpointError(f"{name} is a whole model, not an adapter: there is nothing to check")
        differences = _heavy().check_adapter(
            weights, str(prompt(SUITES[DEFAULT].cases("small")[0].maze, PromptOptions()))
        )
        print(
            f"{name}: its logits differ from those of {weights.base} by up to {differences['from_base']:.2g} of their "
            f"spread, and from those of the merged model by {differences['from_merged']:.1g}"
        )


def _remove(options: argparse.Namespace) -> None:
    folders = []
    for name in options.names:
        folder = _stored(name, options.choices).stored()
        if not folder.is_dir():
            raise CheckpointError(f"{name} is not in the store ({store.home() / 'checkpoints'}): nothing was removed")
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
        raise CheckpointError(f"{target} already exists: choose a new folder")
    checkpoint = _stored(options.name, options.choices)
    _place(checkpoint)
    try:
        with replacing(target) as temporary:
            _write(checkpoint, temporary, options.merged)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"cannot write {target}: {error}") from error
    print(f"{options.name}: {target}")


def _push(options: argparse.Namespace) -> None:
    checkpoint = _built(options.name, options.choices)
    _place(checkpoint)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "checkpoint"
        _write(checkpoint, folder, options.merged)
        print(f"{options.name}: {hub.push(folder, options.repository, options.private)}")


def _write(checkpoint: Built | GGUF, target: Path, merged: bool) -> None:
    """Write the files of a checkpoint into a new folder; with `merged`, its adapter merged into the base."""
    folder = _place(checkpoint)
    if isinstance(checkpoint, GGUF):  # it has its model card already
        shutil.copytree(folder, target)
        return
    if merged and is_adapter(folder):
        _require_ancestors(checkpoint)
    _heavy().write_checkpoint(checkpoint, folder, target, merged)


def _heavy() -> ModuleType:
    """The parts of the commands that need transformers, which takes seconds to import."""
    from . import commands

    return commands


def _find_any(name: str, choices: registry.Choices) -> Checkpoint:
    """Any checkpoint; unlike `registry.find` also a reward model."""
    return registry.built(name, "", choices) if name in RECIPES else registry.find(name, choices)


def _built(name: str, choices: registry.Choices) -> Built:
    """The product of a recipe. Raises CheckpointError for any other checkpoint."""
    checkpoint = _find_any(name, choices)
    if not isinstance(checkpoint, Built):
        raise CheckpointError(
            f"{name} is not the product of a recipe. Use one of {', '.join(RECIPES)}, or RECIPE:MODEL"
        )
    return checkpoint


def _stored(name: str, choices: registry.Choices) -> Built | GGUF:
    """A checkpoint that the store contains once it is built. Raises CheckpointError for any other checkpoint."""
    checkpoint = _find_any(name, choices)
    return checkpoint if isinstance(checkpoint, GGUF) else _built(name, choices)


def _place(checkpoint: Built | GGUF) -> Path:
    """The folder of a checkpoint. Raises CheckpointError if it is not built: only `build` starts a training."""
    if (place := checkpoint.place()) is None:
        raise CheckpointError(f"{checkpoint.name} is not built. Run `python -m models build {checkpoint.name}` first")
    return place


def _require_ancestors(checkpoint: Checkpoint) -> None:
    """Raise CheckpointError if an ancestor of a checkpoint, or the base of its adapter, is not built."""
    for ancestor in (checkpoint.base_model(), *checkpoint.ancestors()):
        if isinstance(ancestor, Built):
            _place(ancestor)


if __name__ == "__main__":
    sys.exit(main())
