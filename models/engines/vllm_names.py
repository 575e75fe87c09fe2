"""Names in the source code of vLLM, which is read without being run: importing vLLM takes ten seconds."""

from __future__ import annotations

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path

MODELS = ("_TEXT_GENERATION_MODELS", "_MULTIMODAL_MODELS", "_TRANSFORMERS_SUPPORTED_MODELS")
"""The tables of the model classes that generate text."""


@cache
def list_engine_args() -> frozenset[str]:
    """The arguments that vLLM can be started with; none if they cannot be read."""
    return frozenset(
        field.target.id
        for statement in _statements("engine/arg_utils.py")
        if isinstance(statement, ast.ClassDef) and statement.name == "EngineArgs"
        for field in statement.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and field.target.id[0] != "_"
    )


@cache
def list_architectures() -> frozenset[str]:
    """The model classes, as `architectures` in a config.json names them; none if they cannot be read."""
    return frozenset(
        key.value
        for statement in _statements("model_executor/models/registry.py")
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Dict)
        if any(isinstance(target, ast.Name) and target.id in MODELS for target in statement.targets)
        for key in statement.value.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    )


def _statements(file: str) -> list[ast.stmt]:
    """The statements of a file of vLLM; none if vLLM is not installed, or has no such file."""
    spec = find_spec("vllm")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        try:
            return ast.parse((Path(folder) / file).read_text(encoding="utf-8")).body
        except (OSError, SyntaxError, ValueError):
            continue
    return []
