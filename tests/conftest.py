"""Every run has the same examples; `pytest --hypothesis-profile=initium-explore` looks for new ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings

from papers.pytest_plugin import register_profiles

register_profiles()
settings.load_profile("initium")


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """A cache of the test alone, but for the proofs of this machine, which take long to judge again."""
    from numerics.training.run import cache_folder

    proofs, own = cache_folder() / "proofs", tmp_path / "cache"
    proofs.mkdir(parents=True, exist_ok=True)
    (own / "initium").mkdir(parents=True)
    (own / "initium" / "proofs").symlink_to(proofs)
    monkeypatch.setenv("XDG_CACHE_HOME", str(own))
    return own


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """On two cores all of theory is judged on one, and the ledger settled on one; other files go where there is room."""
    if config.getoption("dist") != "load" or config.getoption("numprocesses") != 2:
        return None
    from xdist.scheduler import LoadScopeScheduling

    class ByRoom(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            rooms = {"theory/": "theory", "tests/theory/": "theory", "tests/papers/": "papers"}
            return next((room for folder, room in rooms.items() if file.startswith(folder)), file)

    return ByRoom(config, log)
