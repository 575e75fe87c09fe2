"""A store that is thrown away: tables keep what agents come to."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABIRINTO_HOME", str(tmp_path_factory.mktemp("home")))
        yield
