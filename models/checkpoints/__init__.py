"""What answers: an agent, a folder, a model of the hub, a served one, or the product of a recipe.

A checkpoint is light to make and to name: whoever only collects cases loads no model. `weights()` downloads or builds
what is missing.
"""

from .base import Checkpoint
from .built import Built
from .local import Agent, Folder
from .remote import Hub, Served

__all__ = ["Agent", "Built", "Checkpoint", "Folder", "Hub", "Served"]
