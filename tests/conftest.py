"""Every run has the same examples; `pytest --hypothesis-profile=initium-explore` looks for new ones."""

from __future__ import annotations

from hypothesis import settings

from papers.pytest_plugin import register_profiles

register_profiles()
settings.load_profile("initium")
