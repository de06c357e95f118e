"""Every run has the same examples; `pytest --hypothesis-profile=initium-explore` looks for new ones."""

from __future__ import annotations

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
