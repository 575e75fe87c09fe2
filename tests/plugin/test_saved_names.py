"""Names that `--save` refuses before anything is asked."""

import pytest

pytest_plugins = ["pytester"]


@pytest.mark.parametrize(
    ("name", "message"),
    [("latest", "--save: 'latest' is reserved"), ("../x y", "--save: '../x y' cannot be a name: a name is 1 to 100")],
)
def test_a_name_that_cannot_be_saved_is_a_usage_error(project, name, message):
    result = project.runpytest_inprocess("test_mazes.py", "--checkpoint", "oracle", "--limit", "1", "--save", name)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in " ".join(result.stderr.str().split())
    assert not (project.path / "runs").exists()
