"""Questions, and an engine asked without plan and cache."""

from benchmark.mazes.labirinto_v1 import SUITE
from benchmark.mazes.prompt import PromptOptions, prompt
from models.engines import create_engine
from models.requests import Request


def requests(tier, n, drawing="compact", style="plain", **how):
    return [Request(case, prompt(case.maze, PromptOptions(drawing, style)), **how) for case in SUITE.cases(tier)[:n]]


def said(engine, checkpoint, requests):
    """An engine's reply to each request, in their order."""
    replies = {request.place: reply for request, reply in engine.generate(checkpoint, requests)}
    return [replies[request.place] for request in requests]


def ask(checkpoint, requests, engine=None):
    """The same of an engine that is made for it and closed again."""
    asked = create_engine(engine or checkpoint.engine or "transformers")
    try:
        return said(asked, checkpoint, requests)
    finally:
        asked.close()
