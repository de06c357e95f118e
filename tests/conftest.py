"""Profiles of Hypothesis: derandomised where CI is set, exploring where INITIUM_EXPLORE is."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]  # exact arithmetic is slow, and speed is not under test

settings.register_profile("plain", deadline=None, max_examples=40, derandomize=True, suppress_health_check=QUIET)
settings.register_profile("exploring", deadline=None, max_examples=200, suppress_health_check=QUIET)
settings.load_profile("exploring" if os.environ.get("INITIUM_EXPLORE") else "plain")
