"""A file is whole or absent, whatever happens while it is written."""

import pytest

from benchmark.mazes.atomic import create_text, replace_text, replacing


def test_a_text_replaces_a_text(tmp_path):
    file = tmp_path / "new folder" / "file"
    for text in ("first", "second \ud800"):
        replace_text(file, text)
        assert file.read_text(encoding="utf-8") == text.replace("\ud800", "\ufffd")
    assert [*file.parent.iterdir()] == [file]


def test_a_file_is_created_once(tmp_path):
    file = tmp_path / "file"
    create_text(file, "first")
    with pytest.raises(FileExistsError):
        create_text(file, "second")
    assert file.read_text() == "first"
    assert [*tmp_path.iterdir()] == [file]


@pytest.mark.parametrize("is_folder", [False, True])
def test_an_error_leaves_what_was_there(tmp_path, is_folder):
    file = tmp_path / "file"
    file.write_text("first")

    def write() -> None:
        with replacing(file) as beside:
            if is_folder:
                beside.mkdir()
            (beside / "part" if is_folder else beside).write_text("second")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert file.read_text() == "first"
    assert [*tmp_path.iterdir()] == [file]


def test_a_folder_takes_its_place(tmp_path):
    with replacing(tmp_path / "folder") as beside:
        beside.mkdir()
        (beside / "file").write_text("whole")
    assert (tmp_path / "folder" / "file").read_text() == "whole"
    assert [*tmp_path.iterdir()] == [tmp_path / "folder"]


@pytest.mark.parametrize("write", [create_text, replace_text])
def test_a_parent_that_is_a_file_is_told(tmp_path, write):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        write(tmp_path / "file" / "below", "text")
