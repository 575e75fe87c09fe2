"""The kinds of checkpoints: agent, folder, .gguf file, model on the hub, served model, product of a recipe.

Creating a checkpoint loads no model, so that collecting test cases is fast. `weights()` downloads or builds what is
missing.
"""

from .base import Checkpoint
from .built import Built
from .gguf import GGUF
from .local import Agent, Folder
from .remote import Hub, Served

__all__ = ["GGUF", "Agent", "Built", "Checkpoint", "Folder", "Hub", "Served"]
