"""Registers the plugins, where the settings have not done it, and holds pytest to this folder; nothing else."""

from pathlib import Path

import pytest

from fixtures.early import check_root

pytest_plugins = ["fixtures.plugin", "reports.plugin"]


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    check_root(pluginmanager.getplugin("pytestconfig"), Path(__file__).parent)
