"""Downloads models from the Hugging Face hub, and uploads them to it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tqdm import tqdm

from benchmark.mazes.errors import CheckpointError

ID = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?")
"""The name of a model on the hub: `org/name`, or `org/name@` and a branch, tag or commit."""
SMALL = ("config.json", "adapter_config.json", "tokenizer_config.json", "chat_template.jinja", "labirinto.json")
"""The files that decide how a model is prompted."""
WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "adapter_model.safetensors")
DOWNLOADED = ["*.safetensors", "*.json", "*.jinja", "*.model", "*.txt", "README.md"]


class _Silent(tqdm):
    """A progress bar that is never shown: the files are small."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__(disable=True)


def download(repo: str, revision: str | None, remote_code: bool = False) -> Path:
    """The folder of a model, downloaded if it is not in the cache. Pickled weights are never downloaded.

    Raises CheckpointError if there is no such model, no access, or no network.
    """
    from huggingface_hub import errors, snapshot_download

    name = f"{repo}@{revision}" if revision else repo
    patterns = [*DOWNLOADED, "*.py"] if remote_code else DOWNLOADED
    try:
        folder = Path(snapshot_download(repo, revision=revision, allow_patterns=patterns))
    except errors.GatedRepoError as error:
        raise CheckpointError(
            f"the model {name} is gated: accept its terms on its page on the hub, and log in (`hf auth login`)"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise CheckpointError(
            f"no model {name} on the hub, or it is private: check the spelling, or log in (`hf auth login`)"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise CheckpointError(f"the model {repo} has no branch, tag or commit {revision!r}") from error
    except (errors.LocalEntryNotFoundError, errors.HfHubHTTPError, OSError) as error:
        raise CheckpointError(
            f"the model {name} is not on this machine, and the hub cannot be reached ({_line(error)}). Try again with "
            f"a network connection, or download it elsewhere (`hf download {repo}`) and pass its folder"
        ) from error
    except errors.HFValidationError as error:
        raise CheckpointError(f"{name} is not a valid model name of the hub: {_line(error)}") from error
    if not any(folder.glob("*.safetensors")):
        raise CheckpointError(
            f"the model {name} has no weights as safetensors: other formats are not loaded from the hub. Download a "
            f"GGUF file of it (`hf download {repo} FILE`), and pass its path"
        )
    return folder


def peek(repo: str, revision: str | None) -> Path | None:
    """A folder with the files SMALL of a model, downloaded if needed; None if they are not available.

    If the model was downloaded before, no request is sent.
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
    except Exception:  # noqa: BLE001  whatever it is, `download` reports it
        return None


def is_here(repo: str, revision: str | None) -> bool:
    """Whether the weights of a model were downloaded before."""
    from huggingface_hub import errors, try_to_load_from_cache

    try:
        return any(isinstance(try_to_load_from_cache(repo, name, revision=revision), str) for name in WEIGHTS)
    except errors.HFValidationError:
        return False  # `download` reports it


def push(folder: Path, repo: str, private: bool) -> str:
    """Upload a folder as a model of the hub, which is created if it is missing. Returns its address.

    Raises CheckpointError if the upload fails.
    """
    from huggingface_hub import HfApi, errors

    api = HfApi()
    try:
        api.create_repo(repo, private=private, exist_ok=True)
        return str(api.upload_folder(repo_id=repo, folder_path=folder, commit_message="Labirinto checkpoint"))
    except errors.HFValidationError as error:
        raise CheckpointError(f"{repo!r} is not a valid model name of the hub: {_line(error)}") from error
    except (errors.HTTPError, errors.HfHubHTTPError, OSError) as error:
        raise CheckpointError(
            f"cannot push to {repo}: {_line(error)}. A push needs a network connection and a token with write access "
            "(`hf auth login`)"
        ) from error


def _line(error: Exception) -> str:
    """The message of an error in one line."""
    return " ".join(str(error).split())[:300]
