"""The program that compares engines sees what differs."""

import pytest

from benchmark.mazes import answer
from benchmark.mazes.agents import oracle
from models import engines
from models.engines import EngineInfo
from models.requests import Reply
from scripts.parity import main


class Said:
    """An engine that answers as the oracle does; a subclass is wrong about one maze."""

    startup_seconds = 0.0
    wrong = None

    def __init__(self, **_):
        pass

    def describe(self, checkpoint):
        return {"engine": "said"}

    def generate(self, checkpoint, requests):
        for request in requests:
            text = answer.write(oracle(request.case))
            yield request, Reply(text + ("!" if request.case.index == self.wrong else ""), 3, truncated=False)

    def close(self):
        pass


class Other(Said):
    wrong = 1


@pytest.mark.parametrize(("other", "code", "different"), [("Said", 0, 0), ("Other", 1, 4)])
def test_replies_that_differ_are_counted(other, code, different, monkeypatch, capsys):
    monkeypatch.setitem(engines.ENGINES, "transformers", EngineInfo("transformers", f"{__name__}:Said"))
    monkeypatch.setitem(engines.ENGINES, "vllm", EngineInfo("vllm", f"{__name__}:{other}"))
    assert main(["base", "oracle", "--tiers", "tiny", "small"]) == code
    rows = [[word.strip() for word in row.strip("|").split("|")] for row in capsys.readouterr().out.splitlines()[2:]]
    assert rows == [
        ["base", "tiny", "400", "1200", str(different)],
        ["base", "small", "400", "1200", str(different)],
        ["oracle", "tiny", "400", rows[2][3], "0"],
        ["oracle", "small", "400", rows[3][3], "0"],
    ]


def test_a_name_that_is_none_is_told(capsys):
    assert main(["nobody"]) == 2
    assert "no checkpoint 'nobody'" in capsys.readouterr().err
