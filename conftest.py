"""Registers the plugins, where pytest's settings have not, and checks that this folder is pytest's root folder."""

from pathlib import Path

import pytest

from fixtures.early import check_root

pytest_plugins = ["fixtures.plugin", "reports.plugin"]


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    check_root(pluginmanager.getplugin("pytestconfig"), Path(__file__).parent)
