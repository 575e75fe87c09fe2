"""The kinds of checkpoints: an agent, a folder, a model on the hub, a served model, or the product of a recipe.

Creating a checkpoint loads no model, so that collecting test cases is fast. `weights()` downloads or builds what is
missing.
"""

from .base import Checkpoint
from .built import Built
from .local import Agent, Folder
from .remote import Hub, Served

__all__ = ["Agent", "Built", "Checkpoint", "Folder", "Hub", "Served"]
