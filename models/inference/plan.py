"""What the selected cases ask of each checkpoint: gathered first, looked up in the cache, and asked at once.

The first case that needs a checkpoint asks everything that is planned of it; each reply is committed to the cache
within a second of its coming, so that neither a crash nor Ctrl-C loses it. Whatever an engine, a loader, a tokenizer or
a recipe raises becomes the one LabirintoError of its checkpoint (`boundary`), and the other checkpoints go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from benchmark.mazes.errors import CheckpointError, EngineError, LabirintoError
from benchmark.mazes.prompt import PromptOptions
from benchmark.mazes.suite import Case
from models.checkpoints import Checkpoint
from models.requests import Reply, Request

from .asking import ask
from .boundary import release, translate, translated
from .committing import Committer
from .cost import choose_cheapest
from .dry_run import describe_questions
from .engine_choice import Lookup, choose_engine, list_engines
from .engine_pool import EnginePool
from .forecast import describe_plan
from .options import DEFAULTS, InferenceOptions
from .questions import Questions
from .reply_cache import key
from .session_cache import SessionCache


class Plan:
    """The cases of each checkpoint, and its replies once they are there."""

    def __init__(
        self,
        planned: Iterable[tuple[Checkpoint, Case]],
        prompt_options: Mapping[str, PromptOptions],
        options: InferenceOptions = DEFAULTS,
        notify: Callable[[str], None] = print,
        on_commit: Callable[[Checkpoint], None] = lambda _: None,
    ) -> None:
        """`prompt_options` are those of each checkpoint, by its name; `notify` is given what the user should know.

        `on_commit` is called whenever replies of a checkpoint were committed.
        """
        self.prompt_options, self.options = prompt_options, options
        self._questions: dict[str, Questions] = {}
        for checkpoint, case in planned:
            name = checkpoint.name
            if name not in self._questions:
                self._questions[name] = Questions(checkpoint, prompt_options[name], options)
            self._questions[name].cases.append(case)
        self._engines = EnginePool(self.checkpoints, options, notify)
        self._cache = SessionCache(notify)
        self._committer = Committer(self._cache, notify, on_commit)

    @property
    def checkpoints(self) -> list[Checkpoint]:
        """All that something is planned of."""
        return [questions.checkpoint for questions in self._questions.values()]

    def look_up(self) -> str:
        """Look all questions up in the cache, and choose engines for the others.

        Returns one line: how many checkpoints and cases, how many replies are known, and which engines will be asked.
        """
        for questions in self._questions.values():
            with self._failing(questions, CheckpointError):
                self._look_up(questions)
        planned = self._questions.values()
        engines = ", ".join(dict.fromkeys(questions.engine or "none" for questions in planned))
        cases = sum(len(questions.cases) for questions in planned)
        total = sum(len(questions.cases) * questions.samples for questions in planned)
        cached = sum(len(questions.replies) for questions in planned)
        counts = f"{_count(len(planned), 'checkpoint')}, {_count(cases, 'case')}"
        return f"{counts}, {cached} of {total} replies in the cache, engine: {engines}"

    def describe(self) -> list[str]:
        """Lines for the user about how third-party models are asked, and about what takes long; after `look_up`."""
        return describe_plan(list(self._questions.values()))

    def describe_dry_run(self) -> list[str]:
        """Lines about what would be asked, with the cost on each engine and a prompt of each checkpoint."""
        lines = []
        for questions in self._questions.values():
            with self._failing(questions, EngineError):
                lines += describe_questions(questions)
        return lines

    def is_asked(self, checkpoint: Checkpoint) -> bool:
        questions = self._questions[checkpoint.name]
        return questions.is_asked or questions.failure is not None

    def ask(self, checkpoint: Checkpoint) -> None:
        """Build a checkpoint if it is missing, and ask it all that is planned; `failure` is what has gone wrong."""
        questions = self._questions[checkpoint.name]
        with self._failing(questions, EngineError):
            questions.is_asked = True
            if checkpoint.is_missing:
                with translated(CheckpointError):
                    checkpoint.prepare()  # built here, before the bar of the questions
            if questions.is_looked_up:
                self._look_up_again(questions)
            else:
                self._look_up(questions)
            ask(questions, self._engines.get(questions.engine), self._committer)

    def failure(self, checkpoint: Checkpoint) -> LabirintoError | None:
        """What keeps a checkpoint from being asked, or has ended the asking; None where nothing does."""
        return self._questions[checkpoint.name].failure

    def replies(self, checkpoint: Checkpoint, case: Case) -> list[Reply]:
        """All replies to one case, of a checkpoint that was asked.

        Raises what kept the checkpoint from answering this case; nothing is tried again.
        """
        questions = self._questions[checkpoint.name]
        replies = []
        for reply in questions.replies_to(case):
            if isinstance(reply, EngineError):
                raise reply.with_traceback(None)
            if reply is None:
                error = questions.failure or EngineError(f"no reply came to {case.group} {case.id}")
                raise error.with_traceback(None)
            replies.append(reply)
        return replies

    def replied(self, checkpoint: Checkpoint) -> Iterator[Case]:
        """The cases that have all their replies, whether a test has asked for them or not."""
        questions = self._questions[checkpoint.name]
        for case in questions.cases:
            if all(isinstance(reply, Reply) for reply in questions.replies_to(case)):
                yield case

    def requests(self, checkpoint: Checkpoint) -> list[Request]:
        """Everything that is planned of a checkpoint."""
        return self._questions[checkpoint.name].requests

    def metadata(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """What a saved run says of how it was asked: engine, sampling, replies from the cache, tokens, seconds."""
        return self._questions[checkpoint.name].metadata

    def finish(self) -> None:
        """Commit the replies that could not be committed before, and tell how that ended."""
        self._cache.finish()

    def close(self) -> None:
        """Give back what engines and cache hold."""
        self._engines.close()
        self.finish()
        self._cache.close()

    @contextmanager
    def _failing(self, questions: Questions, kind: type[LabirintoError]) -> Iterator[None]:
        """What is raised is the failure of that checkpoint alone, and holds neither model nor engine in memory."""
        try:
            yield
        except LabirintoError as error:
            questions.failure = error
        except Exception as error:  # noqa: BLE001  an engine, a tokenizer, a template: anything
            questions.failure = translate(error, kind)
            self._engines.discard(questions.engine)  # its state is unknown; the next checkpoint gets a new one
            release(error)
        if questions.failure:
            release(questions.failure)

    def _look_up(self, questions: Questions) -> None:
        """Choose the engine, and take from the cache what is there.

        The key of a reply holds the content of the checkpoint: one that has yet to be built has no replies, and is
        looked up when it is built.
        """
        checkpoint, requests = questions.checkpoint, questions.requests
        names = list_engines(checkpoint, self.options.engine)
        if checkpoint.is_missing:
            questions.engine = choose_cheapest(names, checkpoint, requests)
            return
        chosen = choose_engine([self._look_up_engine(questions, name) for name in names], checkpoint, requests)
        questions.engine, questions.is_looked_up = chosen.engine, True
        questions.set_keys(chosen.keys)
        questions.add_cached(chosen.replies)

    def _look_up_engine(self, questions: Questions, name: str) -> Lookup:
        checkpoint = questions.checkpoint
        if checkpoint.is_agent or self.options.cache == "off":
            return Lookup(name, [], {})
        content, described = checkpoint.content(), self._engines.get(name).describe(checkpoint)
        keys = [key(content, described, request.cache_key()) for request in questions.requests]
        return Lookup(name, keys, self._cached(keys))

    def _look_up_again(self, questions: Questions) -> None:
        """Another session may have committed some since, and a cache that was locked may be free by now."""
        missing = [request.place for request in questions.missing]
        questions.add_cached(self._cached([questions.keys[place] for place in missing if place in questions.keys]))

    def _cached(self, keys: list[bytes]) -> dict[bytes, Reply]:
        return self._cache.get(keys) if keys and self.options.cache == "use" else {}


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
