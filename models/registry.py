"""A name becomes a checkpoint.

| name | what it is |
| --- | --- |
| `oracle`, `greedy`, ... | an agent |
| `sft`, `dpo`, ... | the product of a recipe, from the shipped base; with `-lora` as an adapter |
| `./folder` | a model on disk, or an adapter |
| `org/name`, `org/name@revision` | the same on the Hugging Face hub |
| `sft:./folder`, `dpo:org/name` | the product of a recipe from that model: an adapter, taught to chat if it can |

Names of one's own stand in a table `[tool.labirinto.checkpoints]` of pyproject.toml, or in a TOML file that is all such
a table. What stands there is one of the names above, or a recipe with settings:

    short = {recipe = "sft", num_examples = 3200}
    ours = {recipe = "dpo", from = "org/name", preference_file = "preferences.jsonl"}
    theirs = {endpoint = "http://127.0.0.1:8000/v1", model = "org/name"}
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmark.mazes.agents import AGENTS
from benchmark.mazes.errors import CheckpointError
from benchmark.mazes.printable import printable
from models.weights import ADAPTER, is_adapter

from . import adapters, hub
from .checkpoints import Agent, Built, Checkpoint, Folder, Hub, Served
from .recipes import RECIPES
from .training.settings import TrainingSettings

LORA = "-lora"


@dataclass(frozen=True)
class Choices:
    """What a person may choose about checkpoints beside their names."""

    named: Mapping[str, Any] = field(default_factory=dict)
    """Names of their own, see the table above."""
    lora: bool = False
    """Whether recipes train adapters and not all weights."""
    rebuild_base: bool = False
    """Whether `base` is trained anew, and the one that comes with the project is left alone."""
    remote_code: bool = False
    """Whether code that lies beside a third-party model may be run."""
    file: Path | None = None
    """Where the names of their own stand, for messages."""


NONE = Choices()


def read_names(file: Path, needed: bool = True) -> dict[str, Any]:
    """The names in a TOML file: the table `[tool.labirinto.checkpoints]` of a pyproject.toml, else the whole file.

    Raises CheckpointError where the file cannot be read, or (if it is `needed`) is not there.
    """
    try:
        if not needed and not file.is_file():
            return {}
        table = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:  # ValueError: no UTF-8, no TOML, a number of 4,300 digits
        raise CheckpointError(f"cannot read the names of checkpoints in {file}: {error}") from error
    if file.name == "pyproject.toml":
        for part in ("tool", "labirinto", "checkpoints"):
            table = table.get(part, {})
            if not isinstance(table, dict):
                raise CheckpointError(f"{file}: {part} in [tool.labirinto.checkpoints] is a table, not {table!r}")
    for name, value in table.items():
        if not name or printable(name) != name or set("\n\t") & set(name):
            raise CheckpointError(f"{file}: {name!r} is no name of a checkpoint: it is a line of text that can be seen")
        if not isinstance(value, str | dict):
            raise CheckpointError(f"{file}: {name} is a text or a table with a recipe, not {value!r}")
    return table


def choose(options: Any, folder: Path) -> Choices:
    """What a command line chose: the options `checkpoints`, `lora`, `rebuild_base` and `trust_remote_code`.

    Names of one's own are those of the chosen file, else of the pyproject.toml in `folder`, if it has any.
    """
    file = _path(options.checkpoints) if options.checkpoints else folder / "pyproject.toml"
    names = read_names(file, needed=bool(options.checkpoints))
    return Choices(names, options.lora, options.rebuild_base, options.trust_remote_code, file)


def find(name: str, choices: Choices = NONE) -> Checkpoint:
    """The checkpoint of that name. Raises CheckpointError, saying what there is, where there is none."""
    try:
        return _find(name, choices)
    except RecursionError as error:
        raise CheckpointError(f"the checkpoint {name[:80]!r} stands on too many others to be found") from error


def _find(name: str, choices: Choices) -> Checkpoint:
    if name in choices.named:
        return _named(name, choices)
    if name in AGENTS:
        return Agent(name, name)
    method, _, source = name.partition(":")
    method, lora = method.removesuffix(LORA), method.endswith(LORA)
    if method in RECIPES and not (lora and method == "base"):
        if not RECIPES[method].answers_mazes:
            raise CheckpointError(
                f"{name} is a reward model, which scores replies and gives none: name one that uses it, such as rlhf"
            )
        return built(method, source, replace(choices, lora=True) if lora else choices)
    path = _path(name)
    if _is_folder(path):
        return _lying(path, choices.remote_code)
    if (match := hub.ID.fullmatch(name)) and not name.startswith("."):
        return Hub(name, match["repo"], match["revision"], base_of_adapter, choices.remote_code)
    answering = ", ".join(recipe for recipe in RECIPES if RECIPES[recipe].answers_mazes)
    own = f" and {', '.join(choices.named)} (your own)" if choices.named else ""
    raise CheckpointError(
        f"no checkpoint {name!r}: it is no folder and no name on the hub (org/name), and known are {answering} "
        f"(recipes), {', '.join(AGENTS)} (agents){own}"
    )


def _path(text: str) -> Path:
    """A path that a person typed. Raises CheckpointError where `~name` is nobody's home."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise CheckpointError(f"no folder {text!r}: {error}") from error


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long for a file, or a folder that may not be entered
        return False


def _lying(path: Path, remote_code: bool) -> Checkpoint:
    """What lies in a folder, under a name that tables can show. Raises CheckpointError where nothing can be read."""
    try:
        lying = folder(path, remote_code)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        place = path / ADAPTER if is_adapter(path) else path
        raise CheckpointError(f"cannot read the model in {place}: {type(error).__name__}: {error}") from error
    shown = printable(lying.name).replace("\n", "\\n").replace("\t", "\\t")
    return lying if shown == lying.name else replace(lying, name=shown)


def served(name: str, endpoint: str, model: str = "", **others: Any) -> Served:
    """The model that an OpenAI-compatible endpoint serves. Raises CheckpointError for an address that is none."""
    if others or not model or not isinstance(model, str) or not isinstance(endpoint, str):
        raise CheckpointError(f"a served model has an endpoint and a model, and nothing else: {', '.join(others)}")
    try:
        address = urlsplit(endpoint)
        _ = address.port
    except ValueError as error:
        raise CheckpointError(f"{endpoint!r} is no endpoint: {error}") from error
    if address.scheme not in ("http", "https") or not address.hostname:
        raise CheckpointError(f"{endpoint!r} is no endpoint: it looks like http://127.0.0.1:8000/v1")
    if address.username or address.password or address.query:
        raise CheckpointError("an endpoint has no key in it: the key is taken from OPENAI_API_KEY")
    return Served(name, endpoint.rstrip("/"), model)


def folder(path: Path, remote_code: bool = False) -> Folder:
    """The model in a folder, or the adapter. Raises CheckpointError where there is neither."""
    path = path.absolute()
    if is_adapter(path):
        if not (path / "adapter_model.safetensors").is_file():
            raise CheckpointError(f"the adapter in {path} has no adapter_model.safetensors, and pickles are not loaded")
        return Folder(path.name, path, base_of_adapter(path, remote_code), remote_code)
    if not (path / "config.json").is_file() or not any(path.glob("*.safetensors")):
        raise CheckpointError(f"no model in {path}: looked for config.json and *.safetensors, or {ADAPTER}")
    return Folder(path.name, path, None, remote_code)


def base_of_adapter(path: Path, remote_code: bool) -> Checkpoint:
    """What an adapter is for. Raises CheckpointError where that is not to be found, or is an adapter itself."""
    try:
        settings = adapters.read_settings(path)
    except CheckpointError as error:
        raise CheckpointError(
            f"{path / ADAPTER} does not say what model the adapter is for: {error.__cause__ or 'it is no table'}"
        ) from error
    name, revision = settings.get("base_model_name_or_path"), settings.get("revision")
    if not isinstance(name, str) or not name.strip():
        raise CheckpointError(
            f"{path / ADAPTER} does not say what model the adapter is for: write its folder or its name on the "
            f"hub there, as base_model_name_or_path, which is {json.dumps(name)}"
        )
    if (local := Path(name).expanduser()).is_dir() and is_adapter(local):
        raise _on_an_adapter(path, name)
    try:
        base = find(
            f"{name}@{revision}" if isinstance(revision, str) and revision and hub.ID.fullmatch(name) else name,
            Choices(remote_code=remote_code),
        )
    except CheckpointError as error:
        raise CheckpointError(f"the adapter in {path} is for {name!r}, which is not here: {error}") from error
    if base.is_agent:
        raise CheckpointError(f"the adapter in {path} is for {name!r}, which is an agent and has no weights")
    if base.lora_rank:
        raise _on_an_adapter(path, name)
    return base


def _on_an_adapter(path: Path, name: str) -> CheckpointError:
    """What is said of an adapter that is for another one, or for itself."""
    return CheckpointError(
        f"the adapter in {path} is for {name!r}, which is an adapter itself: merge that one into its model, and give "
        "the merged model as base_model_name_or_path"
    )


def built(method: str, source: str = "", choices: Choices = NONE, **settings: Any) -> Built:
    """The product of a recipe and what it is built from: the chain from the shipped base, or from another `source`.

    `settings` take the place of those of the recipe. Raises CheckpointError where there is no such source or setting.
    """
    return _built(method, source, choices, settings)


def _built(method: str, source: str, choices: Choices, settings: Mapping[str, Any]) -> Built:
    recipe = RECIPES[method]
    if method == "base":
        if source:
            raise CheckpointError(f"base is trained from nothing, and not from {source}")
        return Built("base", _with(recipe, settings), shipped=not choices.rebuild_base)
    parent = _parent(str(recipe.parent), source, choices)
    if parent.is_agent:
        raise CheckpointError(f"{parent.name} is an agent: {method} cannot be built from it")
    answer_format = _answer_format(parent)
    if isinstance(recipe, TrainingSettings) and answer_format != "search":
        recipe = recipe.for_third_party(answer_format)
    elif isinstance(recipe, TrainingSettings) and choices.lora:
        recipe = recipe.as_adapter()
    suffix = ":" + parent.name.rpartition(":")[2] if source else LORA * bool(recipe.lora_rank)
    reward_model = built(recipe.reward_model, source, choices) if recipe.reward_model else None
    return Built(f"{method}{suffix}", _with(recipe, settings), parent, reward_model)


def _parent(method: str, source: str, choices: Choices) -> Checkpoint:
    """What a recipe starts from: the product of that method from the source, which may be such a product already."""
    if not source:
        return built(method, "", choices)
    parent = _find(source, choices)
    is_it = isinstance(parent, Built) and parent.recipe.method == method
    return parent if is_it or method == "base" else built(method, source, choices)


def _answer_format(parent: Checkpoint) -> str:
    """The answer format of what is built from a parent.

    A third-party model is trained on chats if it has a chat template; one on the hub that cannot be looked at is
    taken for one that has.
    """
    if isinstance(parent, Built):
        return parent.recipe.answer_format
    if isinstance(parent, Hub):
        return "plain" if parent.has_chat is False else "chat"
    return "chat" if parent.weights().has_chat else "plain"


def _with(recipe: Any, settings: Mapping[str, Any]) -> Any:
    known = {
        one.name: getattr(recipe, one.name) for one in fields(recipe) if one.name not in ("parent", "reward_model")
    }
    renamed = {old: new for new, old in recipe.RECORD_NAMES.items()}
    for name, value in settings.items():
        if name not in known and renamed.get(name) in known:
            raise CheckpointError(f"the setting {name!r} of {recipe.method} is called {renamed[name]!r}")
        if name not in known:
            raise CheckpointError(f"{recipe.method} has no setting {name!r}; it has {', '.join(known)}")
        if not _fits(value, known[name]):
            raise CheckpointError(f"{name} of {recipe.method} is {known[name]!r} by default, and cannot be {value!r}")
    return replace(
        recipe, **{name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()}
    )


def _fits(value: object, default: object) -> bool:
    """Whether a setting can have this value: of the default's type, and so are the parts of a list or a table."""
    if isinstance(default, tuple):
        return isinstance(value, list) and all(_fits_one(part, default) for part in value)
    if isinstance(default, dict):
        return isinstance(value, dict) and all(_fits_one(part, default.values()) for part in value.values())
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, float):
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, type(default))


def _fits_one(value: object, defaults: Collection[object]) -> bool:
    return not defaults or any(_fits(value, default) for default in defaults)


def _named(name: str, choices: Choices) -> Checkpoint:
    """A checkpoint of a person's own table."""
    value = choices.named[name]
    others = replace(choices, named={other: value for other, value in choices.named.items() if other != name})
    try:
        return replace(_find(value, others) if isinstance(value, str) else _tabled(name, value, others), name=name)
    except CheckpointError as error:
        place = f" in {choices.file}" if choices.file else ""
        raise CheckpointError(f"the checkpoint {name}{place}: {error}") from error


def _tabled(name: str, value: Mapping[str, Any], others: Choices) -> Checkpoint:
    """What a table describes: a recipe with its settings, or a served model."""
    if "endpoint" in value:
        if unknown := sorted(set(value) - {"endpoint", "model"}):
            raise CheckpointError(f"a served model has an endpoint and a model, and nothing else: {unknown[0]}")
        return served(name, value["endpoint"], value.get("model", ""))
    settings = {"recipe": None, "from": "", **value}
    method, source = settings.pop("recipe"), settings.pop("from")
    if not isinstance(method, str) or method not in RECIPES:
        raise CheckpointError(f"it needs a recipe, one of {', '.join(RECIPES)}, and not {method!r}")
    if not isinstance(source, str):
        raise CheckpointError(f"`from` is the name of a checkpoint, not {source!r}")
    return _built(method, source, others, settings)
