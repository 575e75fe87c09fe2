"""The end of a session: what is written, each for itself, and what makes the session fail."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from benchmark.mazes.errors import LabirintoError

from .render import FORMATS, Format, save
from .report import Report

NODE = "labirinto"
"""What the session itself is called where reporters expect the file of a test."""


class SessionReport(pytest.TestReport):
    """A failure of the session, told as that of a test."""

    is_counted = False
    """Whether the reporters have it: the terminal counts it, and prints no letter among those of the tests."""


@dataclass
class Ending:
    """What a session has to say at its end, and why it fails."""

    notes: list[str] = field(default_factory=list)
    """What became of the runs and the reports."""
    texts: list[str] = field(default_factory=list)
    """The reports that go to the terminal."""
    gates: list[str] = field(default_factory=list)
    """What a gate found, a sentence each."""
    failures: dict[str, str] = field(default_factory=dict)
    """What was asked for and could not be written or made, and the traceback where the fault is not the user's."""

    @property
    def reasons(self) -> list[str]:
        """Why the session fails."""
        return [*self.gates, *self.failures]

    @contextmanager
    def attempt(self, action: str) -> Iterator[None]:
        """Keep what goes wrong inside as a failure, so that the rest of the ending is not lost."""
        try:
            yield
        except LabirintoError as error:
            self.failures[f"{action}: {error}"] = ""
        except Exception as error:  # noqa: BLE001  a format, a column or a gate may be anybody's code
            self.failures[f"{action}: {type(error).__name__}: {error}"] = traceback.format_exc()


def publish(
    ending: Ending, report: Report, wanted: Iterable[tuple[str, Path | None]], formats: Mapping[str, Format]
) -> None:
    """Make and write each report that `--report` names, and the summary of a CI job."""
    for name, path in wanted:
        with ending.attempt(f"the report {name} was not written"):
            text = formats[name].write(report)
            if path is None:
                ending.texts.append(text)
            else:
                save(text, path)
                ending.notes.append(f"wrote {shown(path)}")
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with ending.attempt("the summary of the job was not written"):
            text = FORMATS["markdown"].write(report)
            try:
                with Path(summary).open("a", encoding="utf-8") as opened:
                    opened.write(text)
            except OSError as error:  # the variable was inherited, and nobody has asked for a report here
                ending.notes.append(f"GITHUB_STEP_SUMMARY: cannot write {summary}: {error.strerror}")


def fail(session: pytest.Session, ending: Ending) -> None:
    """Let the session fail where there is a reason, and tell the reporters (terminal, JUnit) as of a failed test."""
    listeners = session.config.pluginmanager.subset_hook_caller(
        "pytest_runtest_logreport",
        # --lf and --stepwise would look for a test of this name the next time
        [session.config.pluginmanager.getplugin(name) for name in ("lfplugin", "stepwiseplugin")],
    )
    for name, reasons in (("gates", ending.gates), ("output", list(ending.failures))):
        if reasons:
            details = [text for reason in reasons if (text := ending.failures.get(reason))]
            report = SessionReport(
                nodeid=f"{NODE}::{name}",
                location=(NODE, None, name),
                keywords={},
                outcome="failed",
                longrepr="\n".join([*reasons, *details]),
                when="call",
            )
            listeners(report=report)
            report.is_counted = True
    if ending.reasons and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def show_without_terminal(config: pytest.Config, ending: Ending) -> None:
    """Reports and failures where pytest's own terminal reporter is switched off."""
    if config.pluginmanager.hasplugin("terminalreporter"):
        return
    for text in ending.texts:
        print(text)
    for reason in ending.reasons:
        print(f"labirinto: {reason}", file=sys.stderr)


def uncaptured(config: pytest.Config) -> AbstractContextManager[None]:
    """What is printed inside is seen by the person at the terminal, whatever pytest captures."""
    capture = config.pluginmanager.getplugin("capturemanager")
    return capture.global_and_fixture_disabled() if capture else nullcontext()


def shown(path: Path) -> Path:
    """A path as it is named to a person: from the folder of the session where it lies in it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
