"""Where the suite may be exported to."""

import pytest

from benchmark.mazes.__main__ import main


@pytest.mark.parametrize("name", ["out.csv", "out.json", "out.JSONL", "out.parquet", "a.b.txt"])
def test_the_ending_of_another_format_is_refused_and_makes_no_folder(tmp_path, capsys, name):
    assert main(["export", str(tmp_path / name)]) == 2
    assert "name a file that ends in .jsonl, or a folder" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["out", "suite-1.0", "suite.v1", ".hidden"])
def test_a_folder_may_have_a_version(tmp_path, name):
    assert main(["export", str(tmp_path / name), "--group", "glyphs-small"]) == 0
    assert (tmp_path / name / "data" / "glyphs-small.jsonl").is_file()
