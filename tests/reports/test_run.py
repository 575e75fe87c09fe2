import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from benchmark.mazes.errors import RunError
from benchmark.mazes.outcomes import OUTCOMES
from reports.comparison import compare
from reports.run import Run, read, write
from reports.schema import Record

counts = st.integers(0, 2**53)
lines = st.builds(
    Record,
    group=st.sampled_from(["tiny", "huge", "large"]),
    case=st.sampled_from(["dfs-0000", "wilson-0042"]),
    sample=counts,
    prefix=counts,
    shortest=st.none() | st.integers(0, 15),
    wall_hits=counts,
    revisits=counts,
    extra=st.none() | counts,
    tokens=counts,
    outcome=st.sampled_from(sorted(OUTCOMES)),
    lenient=st.sampled_from(sorted(OUTCOMES)),
    moves=st.none() | st.text("UDLR"),
    progress=st.floats(0, 1),
    covariates=st.dictionaries(st.sampled_from(["turns", "branching"]), st.none() | st.floats(0, 9)),
)


@pytest.fixture
def saved(tmp_path):
    line = Record(
        "tiny", "dfs-0000", 0, "ab", {"turns": 1}, "optimal", "optimal", "", "RD", 2, 2, 1.0, 0, 0, 0, 9, "answer: R D"
    )
    later = replace(
        line, group="huge", outcome="unreadable", lenient="short", why="no answer", moves=None, reply="dunno\u2028é"
    )
    write(Run({"suite": "labirinto-v1"}, [later, line]), tmp_path / "run.jsonl")
    return tmp_path / "run.jsonl"


@given(st.lists(lines, max_size=5, unique_by=lambda line: line.place))
def test_what_is_written_is_read_back_in_order_and_rewritten_the_same(tmp_path_factory, some):
    path = tmp_path_factory.mktemp("runs") / "run.jsonl"
    write(Run({"suite": "labirinto-v1"}, some), path)
    found = read(path)
    assert found.provenance == {"suite": "labirinto-v1"}
    assert sorted(map(repr, found.records)) == sorted(map(repr, some))
    assert found.records == sorted(found.records, key=lambda line: line.place)
    before = path.read_bytes()
    write(found, path)
    assert path.read_bytes() == before


def test_groups_stand_in_order_of_size(saved):
    assert [line.group for line in read(saved).records] == ["tiny", "huge"]
    assert [path.name for path in saved.parent.iterdir()] == ["run.jsonl"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda rows: [], "is empty"),
        (lambda rows: [*rows[:2], rows[2][:20]], "line 3: no JSON"),
        (lambda rows: ['{"schema": 99}', *rows[1:]], "line 1: schema 99 where 3"),
        (lambda rows: rows[1:], "line 1: schema None"),
        (lambda rows: [rows[0], "[]"], "line 2: a JSON object"),
        (
            lambda rows: [rows[0], json.dumps({**json.loads(rows[1]), "colour": 1})],
            "line 2: missing or unknown: colour",
        ),
        (lambda rows: [rows[0], '{"group": "tiny"}'], "line 2: missing or unknown: case, covariates, digest"),
        (lambda rows: [rows[0], rows[1].replace('"tiny"', '"gigantic"')], "line 2: no group 'gigantic'"),
        (lambda rows: [rows[0], rows[1].replace('"optimal"', '"fine"')], "line 2: no outcome 'fine'"),
        (lambda rows: [rows[0], rows[1].replace('"tokens": 9', '"tokens": "9"')], "line 2: tokens cannot be '9'"),
        (lambda rows: [*rows, rows[1]], "line 4: tiny dfs-0000 is there twice"),
        (lambda rows: ['{"schema": 3, "engine": "vllm"}', *rows[1:]], "line 1: engine is to be a JSON object"),
    ],
)
def test_a_spoilt_file_is_an_error_that_names_file_and_line(saved, spoil, message):
    saved.write_text("\n".join(spoil(saved.read_text().split("\n")[:-1])))
    with pytest.raises(RunError, match=message) as error:
        read(saved)
    assert str(saved) in str(error.value)


def test_a_missing_or_foreign_file_is_an_error(tmp_path):
    with pytest.raises(RunError, match="cannot read"):
        read(tmp_path / "none.jsonl")
    (tmp_path / "picture").write_bytes(b"\x89PNG\xff")
    with pytest.raises(RunError, match="cannot read"):
        read(tmp_path / "picture")


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot save the run as"):
        write(Run({}, []), tmp_path / "file" / "run.jsonl")


def test_a_run_of_before_is_still_read(saved):
    first, *rows = saved.read_text().split("\n")
    old = [first.replace('"schema": 3', '"schema": 2'), *(row.replace('"sample": 0, ', "") for row in rows)]
    assert old[1] != rows[0]
    before = read(saved)
    saved.write_text("\n".join(old))
    assert read(saved) == before


CORPUS = sorted((Path(__file__).parent / "corpus").iterdir())


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.stem)
def test_runs_that_were_saved_by_older_versions_are_read_and_compared(file, tmp_path):
    run = read(file)
    assert len(run.records) >= 3
    assert {line.sample for line in run.records} == {0}
    assert run.provenance["checkpoint"]["name"] == "greedy"
    for other in CORPUS:
        assert not compare(run, read(other)).is_worse
    write(run, tmp_path / "again.jsonl")
    assert read(tmp_path / "again.jsonl") == run
