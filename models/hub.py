"""Models from the Hugging Face hub, and to it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmark.mazes.errors import CheckpointError

ID = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")
"""What a model of the hub is called: `org/name`, and after an `@` a branch, tag or commit."""
SMALL = ("config.json", "adapter_config.json", "tokenizer_config.json", "chat_template.jinja", "labirinto.json")
"""What says how a model is asked."""
WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "adapter_model.safetensors")
WANTED = ["*.safetensors", "*.json", "*.jinja", "*.model", "*.txt", "README.md"]


class _Silent(tqdm):
    """No bar, whatever it is made with: the files are small."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__(disable=True)


def download(repo: str, revision: str | None, remote_code: bool = False) -> Path:
    """The folder of a model, downloaded if it is not here. Pickled weights are never asked for.

    Raises CheckpointError, saying what to do, where there is no such model, no access, or no network.
    """
    from huggingface_hub import errors, snapshot_download

    name = f"{repo}@{revision}" if revision else repo
    wanted = [*WANTED, "*.py"] if remote_code else WANTED
    try:
        folder = Path(snapshot_download(repo, revision=revision, allow_patterns=wanted))
    except errors.GatedRepoError as error:
        raise CheckpointError(
            f"the hub lets only some download {name}: accept its terms on its page, and log in (`hf auth login`)"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise CheckpointError(
            f"the hub has no model {name}, or does not show it to you: mind the spelling, or log in (`hf auth login`)"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise CheckpointError(f"the model {repo} has no branch, tag or commit {revision!r}") from error
    except (errors.LocalEntryNotFoundError, errors.HfHubHTTPError, OSError) as error:
        raise CheckpointError(
            f"the model {name} is not on this machine and the hub cannot be reached. Try again with a network, or "
            f"download it elsewhere (`hf download {repo}`) and give its folder. It said: {_line(error)}"
        ) from error
    except errors.HFValidationError as error:
        raise CheckpointError(f"{name} is no name of a model on the hub: {_line(error)}") from error
    if not any(folder.glob("*.safetensors")):
        raise CheckpointError(f"the model {name} has no weights in safetensors, and others are not loaded")
    return folder


def peek(repo: str, revision: str | None) -> Path | None:
    """A folder with the small files that say how a model is asked; None where it is not here and cannot be had.

    Where the model was downloaded before, the hub is not asked.
    """
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(
                repo,
                revision=revision,
                allow_patterns=list(SMALL),
                local_files_only=is_here(repo, revision),
                tqdm_class=_Silent,
            )
        )
    except Exception:  # noqa: BLE001  whatever it is, `download` says it
        return None


def is_here(repo: str, revision: str | None) -> bool:
    """Whether a model's weights were downloaded before."""
    from huggingface_hub import errors, try_to_load_from_cache

    try:
        return any(isinstance(try_to_load_from_cache(repo, name, revision=revision), str) for name in WEIGHTS)
    except errors.HFValidationError:
        return False  # `download` says it


def push(folder: Path, repo: str, private: bool) -> str:
    """Upload a folder as a model of the hub, made if it is missing; returns its address.

    Raises CheckpointError where the hub does not take it.
    """
    from huggingface_hub import HfApi, errors

    api = HfApi()
    try:
        api.create_repo(repo, private=private, exist_ok=True)
        return str(api.upload_folder(repo_id=repo, folder_path=folder, commit_message="Labirinto checkpoint"))
    except errors.HFValidationError as error:
        raise CheckpointError(f"{repo!r} is no name of a model on the hub: {_line(error)}") from error
    except (errors.HTTPError, errors.HfHubHTTPError, OSError) as error:
        raise CheckpointError(
            f"cannot push to {repo}: {_line(error)}. It needs a network, and a token that may write (`hf auth login`)"
        ) from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
