"""What the selected cases ask of each checkpoint: gathered first, looked up in the cache, and asked at once.

The first case that needs a checkpoint asks everything that is planned of it; each reply is committed to the cache
within a second of its coming, so that neither a crash nor Ctrl-C loses it. Whatever an engine, a loader, a tokenizer or
a recipe raises becomes the one LabirintoError of its checkpoint (`boundary`), and the other checkpoints go on.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from typing import Any

from benchmark.mazes import answer
from benchmark.mazes.errors import CheckpointError, EngineError, LabirintoError
from benchmark.mazes.prompt import Message, PromptOptions, prompt
from benchmark.mazes.question import question
from benchmark.mazes.suite import Case
from models import hardware
from models.checkpoints import Checkpoint
from models.engines import Engine, adapted, make, vllm_support
from models.requests import Reply, Request

from .boundary import release, translate, translated
from .reply_cache import key
from .session_cache import SessionCache

AUTO = ("transformers", "vllm")
"""The engines that `auto` chooses from."""
WORTH = 750_000
"""On a CPU vLLM repays its start when the squares of the cells of all mazes that are asked about add up to this: 1,200
mazes of 5x5, 180 of 8x8, 36 of 12x12. See docs/engines.md for what was measured."""
COMMIT = 1.0  # seconds after which replies that came are committed


@dataclass(frozen=True)
class How:
    """How a session asks."""

    engine: str = "auto"
    """`auto`, or one of `engines.ENGINES` for models that run here."""
    cache: str = "use"
    """`use`; `refresh` asks again and keeps the new replies; `off` neither looks nor keeps."""
    samples: int = 1
    """Replies to each question."""
    temperature: float = 0.0
    """0 is greedy."""
    concurrency: int = 32
    """Questions to a server at once."""
    flips: int = 1
    """How often everything is asked, to see what changes."""


@dataclass
class _Asked:
    """What is known of the questions to one checkpoint."""

    checkpoint: Checkpoint
    cases: list[Case] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    engine: str = ""
    keys: list[bytes] = field(default_factory=list)
    replies: dict[tuple[str, str, int], Reply | EngineError] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    failed: LabirintoError | None = None
    is_asked: bool = False


class Plan:
    """The cases of each checkpoint, and its replies once they are there."""

    def __init__(
        self,
        planned: Iterable[tuple[Checkpoint, Case]],
        asking: Mapping[str, PromptOptions],
        how: How = How(),
        say: Callable[[str], None] = print,
        heard: Callable[[Checkpoint], None] = lambda _: None,
    ) -> None:
        """`asking` is how each checkpoint, by its name, is asked; `say` hears what the user should know.

        `heard` is told whenever replies of a checkpoint were committed.
        """
        self.asking, self.how, self._say, self._heard = asking, how, say, heard
        self._all: dict[str, _Asked] = {}
        for checkpoint, case in planned:
            self._all.setdefault(checkpoint.name, _Asked(checkpoint)).cases.append(case)
        self._engines: dict[str, Engine] = {}
        self._cache = SessionCache(say)
        self._is_deaf = False
        """Whether a listener has raised something, which is told once."""

    def survey(self) -> str:
        """One line: how many checkpoints and cases, how many replies are known, and which engines will be asked."""
        hits = total = 0
        engines = []
        for one in self._all.values():
            with self._failing(one, CheckpointError):
                self._look(one)
            hits += len(one.replies)
            total += len(one.cases) * self._samples(one)
            engines.append(one.engine or "none")
        named = ", ".join(dict.fromkeys(engines))
        cases = sum(len(one.cases) for one in self._all.values())
        counted = f"{_several(len(self._all), 'checkpoint')}, {_several(cases, 'case')}"
        return f"{counted}, {hits} of {total} replies in the cache, engine: {named}"

    def is_asked(self, checkpoint: Checkpoint) -> bool:
        one = self._all[checkpoint.name]
        return one.is_asked or one.failed is not None

    def ask(self, checkpoint: Checkpoint) -> None:
        """Build a checkpoint if it is missing, and ask it all that is planned; `failure` is what has gone wrong."""
        one = self._all[checkpoint.name]
        with self._failing(one, EngineError):
            self._ask(one)

    def failure(self, checkpoint: Checkpoint) -> LabirintoError | None:
        """What keeps a checkpoint from being asked, or has ended the asking; None where nothing does."""
        return self._all[checkpoint.name].failed

    def replies(self, checkpoint: Checkpoint, case: Case) -> list[Reply]:
        """All replies to one case, of a checkpoint that was asked.

        Raises what kept the checkpoint from answering this case; nothing is tried again.
        """
        one = self._all[checkpoint.name]
        found = [one.replies.get((case.group, case.id, sample)) for sample in range(self._samples(one))]
        for reply in found:
            if isinstance(reply, EngineError):
                raise reply.with_traceback(None)
            if reply is None:
                raise (one.failed or EngineError(f"no reply came to {case.group} {case.id}")).with_traceback(None)
        return found

    def requests(self, checkpoint: Checkpoint) -> list[Request]:
        """Everything that is planned of a checkpoint."""
        one = self._all[checkpoint.name]
        return one.requests or [self._request(one, case, at) for case in one.cases for at in range(self._samples(one))]

    def about(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """What a saved run says of how it was asked: engine, sampling, replies from the cache, tokens, seconds."""
        return self._all[checkpoint.name].about

    def replied(self, checkpoint: Checkpoint) -> Iterator[Case]:
        """The cases that have all their replies, whether a test has asked for them or not."""
        one = self._all[checkpoint.name]
        for case in one.cases:
            known = [one.replies.get((case.group, case.id, sample)) for sample in range(self._samples(one))]
            if all(isinstance(reply, Reply) for reply in known):
                yield case

    @property
    def checkpoints(self) -> list[Checkpoint]:
        """All that something is planned of."""
        return [one.checkpoint for one in self._all.values()]

    def finish(self) -> None:
        """Commit the replies that could not be committed before, and tell how that ended."""
        self._cache.finish()

    def close(self) -> None:
        """Give back what engines and cache hold."""
        for name in list(self._engines):
            self._discard(name)
        self.finish()
        self._cache.close()

    @contextmanager
    def _failing(self, one: _Asked, kind: type[LabirintoError]) -> Iterator[None]:
        """What is raised is the failure of that checkpoint alone, and holds neither model nor engine in memory."""
        try:
            yield
        except LabirintoError as error:
            one.failed = error
        except Exception as error:  # noqa: BLE001  an engine, a tokenizer, a template: anything
            one.failed = translate(error, kind)
            self._discard(one.engine)  # in what state it is nobody knows; the next checkpoint has a new one
            release(error)
        if one.failed:
            release(one.failed)

    def _discard(self, name: str) -> None:
        """Close an engine; one that cannot be closed is told, and nothing else ends because of it."""
        engine = self._engines.pop(name, None)
        if engine is None:
            return
        try:
            engine.close()
        except Exception as error:  # noqa: BLE001  its end is not the end of the others
            self._say(f"the engine {name} cannot be closed: {translate(error)}")

    def _samples(self, one: _Asked) -> int:
        return 1 if one.checkpoint.is_agent else self.how.samples

    def _look(self, one: _Asked) -> None:
        """Write the requests, choose the engine, and look up what is known."""
        one.requests = self.requests(one.checkpoint)
        if one.checkpoint.engine:
            names = (one.checkpoint.engine,)
        elif self.how.engine == "auto":
            names = possible(one.checkpoint)
        else:
            names = (self.how.engine,)
        if one.checkpoint.is_missing:  # nobody has asked it yet
            one.engine = _pays(names, one.requests)
            return
        looked = {}
        for name in names:
            keys = self._keys(one, name)
            looked[name] = (keys, self._known(keys))
        one.engine = next((name for name, (keys, known) in looked.items() if keys and len(known) == len(keys)), "")
        if not one.engine:
            # replies of two engines never meet in one run: it goes on with the one that has given the most
            most = max(len(known) for _, known in looked.values())
            begun = [name for name, (_, known) in looked.items() if most and len(known) == most]
            one.engine = begun[0] if len(begun) == 1 else _pays(names, one.requests)
        one.keys, known = looked[one.engine]
        self._take(one, known)

    def _keys(self, one: _Asked, engine: str) -> list[bytes]:
        """What each request is kept under; nothing where it is not kept."""
        if one.checkpoint.is_agent or self.how.cache == "off":
            return []
        content, described = one.checkpoint.content(), self._engine(engine).describe(one.checkpoint)
        return [key(content, described, request.cache_key()) for request in one.requests]

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, Reply]:
        return self._cache.get(keys) if keys and self.how.cache == "use" else {}

    def _take(self, one: _Asked, known: Mapping[bytes, Reply]) -> None:
        """Take over the replies that are known."""
        for request, kept in zip(one.requests, one.keys, strict=bool(one.keys)):
            if kept in known:
                one.replies[request.place] = known[kept]

    def _engine(self, name: str) -> Engine:
        if name not in self._engines:
            settings = {
                "vllm": {"planned": [one.checkpoint for one in self._all.values()]},
                "server": {"concurrency": self.how.concurrency},
            }
            self._engines[name] = make(name, **settings.get(name, {}))
        return self._engines[name]

    def _ask(self, one: _Asked) -> None:
        from tqdm import tqdm

        one.is_asked = True
        if one.checkpoint.is_missing:
            with translated(CheckpointError):
                one.checkpoint.prepare()  # built here, before the bar of the questions
            self._look(one)
        elif not one.requests:
            self._look(one)
        engine = self._engine(one.engine)
        keys = dict(zip((request.place for request in one.requests), one.keys, strict=bool(one.keys)))
        # another session may have committed some since, and a cache that was locked may be free by now
        self._take(one, self._known([kept for place, kept in keys.items() if place not in one.replies]))
        missing = [request for request in one.requests if request.place not in one.replies]
        cached, tokens, started, waited = len(one.replies), 0, time.monotonic(), engine.waited
        one.about = {
            **engine.describe(one.checkpoint),
            **adapted(engine, one.checkpoint),
            "sampling": {"temperature": self.how.temperature, "samples": self._samples(one)},
            "cached": cached,
            "asked": len(missing),
        }
        if not missing and self.how.flips == 1:
            one.about |= {"tokens": 0, "seconds": 0.0, "waited": 0.0}
            return
        with tqdm(
            total=len(one.requests), initial=cached, desc=f"{one.checkpoint.name}: mazes", unit="maze", file=sys.stderr
        ) as bar:
            shown = {"cached": cached} if cached else {}
            # closed, and not left to the collector of garbage: Ctrl-C is to commit what came and to stop the engine
            with closing(self._kept(one, keys, engine.generate(one.checkpoint, missing))) as replies:
                for _, reply in replies:
                    if isinstance(reply, Reply):
                        tokens += reply.tokens
                    bar.set_postfix(shown | {"tokens/s": f"{tokens / (time.monotonic() - started):.0f}"}, refresh=False)
                    bar.update()
        one.about |= {
            "tokens": tokens,
            "seconds": round(time.monotonic() - started, 3),
            "waited": round(engine.waited - waited, 3),
            **adapted(engine, one.checkpoint),
        }
        if self.how.flips > 1:
            one.about["flips"] = self._flips(one, engine)

    def _kept(
        self,
        one: _Asked,
        keys: Mapping[tuple[str, str, int], bytes],
        replies: Generator[tuple[Request, Reply | EngineError]],
    ) -> Generator[tuple[Request, Reply | EngineError]]:
        """The replies as they come, those of each second committed together; the last ones whatever happens."""
        fresh: dict[bytes, Reply] = {}
        since = time.monotonic()

        def commit() -> None:
            if fresh:
                self._cache.put(fresh, one.checkpoint.name, one.engine)
                fresh.clear()
            self._tell_listener(one.checkpoint)

        with closing(replies):
            try:
                for request, reply in replies:
                    one.replies[request.place] = reply  # first, so that whatever is committed is in the run too
                    if request.place in keys and isinstance(reply, Reply):
                        fresh[keys[request.place]] = reply
                    if time.monotonic() - since > COMMIT:
                        commit()
                        since = time.monotonic()
                    yield request, reply
            finally:
                commit()

    def _tell_listener(self, checkpoint: Checkpoint) -> None:
        """Say that replies were committed; what the listener raises must not end the asking."""
        try:
            self._heard(checkpoint)
        except Exception as error:  # noqa: BLE001  a plugin's hook, a full disk: anything
            if not self._is_deaf:
                self._is_deaf = True
                self._say(f"replies of {checkpoint.name} cannot be measured as they come: {translate(error)}")

    def _flips(self, one: _Asked, engine: Engine) -> dict[str, int]:
        """Ask everything again, as often as it is wanted, and count the cases whose replies or outcomes change."""
        from tqdm import tqdm

        texts = {place: {reply.text} for place, reply in one.replies.items() if isinstance(reply, Reply)}
        outcomes = {
            request.place: {self._outcome(one, request, one.replies[request.place])}
            for request in one.requests
            if request.place in texts
        }
        with tqdm(
            total=(self.how.flips - 1) * len(texts), desc=f"{one.checkpoint.name}: again", unit="maze", file=sys.stderr
        ) as bar:
            for _ in range(self.how.flips - 1):
                for request, reply in engine.generate(one.checkpoint, one.requests):
                    if isinstance(reply, Reply) and request.place in texts:
                        texts[request.place].add(reply.text)
                        outcomes[request.place].add(self._outcome(one, request, reply))
                    bar.update()
        return {
            "runs": self.how.flips,
            "replies": len(texts),
            "changed": sum(len(several) > 1 for several in texts.values()),
            "outcomes_changed": sum(len(several) > 1 for several in outcomes.values()),
        }

    def _outcome(self, one: _Asked, request: Request, reply: Reply) -> str:
        from benchmark.mazes.score import score

        asking, glyphs = question(request.case, self.asking[one.checkpoint.name])
        maze = request.case.maze
        return score(maze, answer.read(reply.text, maze, asking.drawing, glyphs, reply.truncated).strict).outcome

    def _request(self, one: _Asked, case: Case, sample: int) -> Request:
        asking = self.asking[one.checkpoint.name]
        temperature = 0.0 if one.checkpoint.is_agent else self.how.temperature
        return Request(case, _prompt(case, asking), asking.reasoning, sample, temperature)


@cache
def _prompt(case: Case, asking: PromptOptions) -> str | list[Message]:
    """The question of a case, the same for all checkpoints that are asked so."""
    drawn, glyphs = question(case, asking)
    return prompt(case.maze, drawn, glyphs)


def _several(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def possible(checkpoint: Checkpoint) -> Sequence[str]:
    """The engines that `auto` may choose for a checkpoint."""
    if find_spec("vllm") is None or (not checkpoint.is_missing and not vllm_support.is_supported(checkpoint.weights())):
        return AUTO[:1]
    return AUTO


def _pays(names: Sequence[str], requests: Sequence[Request]) -> str:
    """The engine that has all replies soonest."""
    if len(names) == 1:
        return names[0]
    if hardware.has_cuda() or sum(request.cells**2 for request in requests) >= WORTH:
        return "vllm"
    return "transformers"
