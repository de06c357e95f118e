"""Error rates: how a run's false-alarm rate is divided, and what a rate, a size and a count may be."""

from __future__ import annotations

import math

RUN_ALPHA = 1e-6  # chance of any false alarm in a whole run: one in a million runs of a correct program
BUDGET = 10**7  # networks a check may draw: some minutes on one core at small widths


class ErrorBudget:
    """The false-alarm rate of a whole run, divided evenly over a declared number of checks.

    By the union bound any false alarm has chance at most ``total``, however the checks depend on each other.
    """

    def __init__(self, checks: int, total: float = RUN_ALPHA) -> None:
        self.checks = count("checks", checks)
        self.total = rate("total", total)
        self.taken = 0

    def take(self, examples: int = 1) -> float:
        """The alpha of each of the ``examples`` (say, Hypothesis examples) of one more check.

        Raises ValueError once every declared check has had its share.
        """
        if self.taken >= self.checks:
            raise ValueError(
                f"the error budget of {self.total:g} was declared for {self.checks} checks and all have had "
                "their share; declare more checks."
            )
        self.taken += 1
        return self.total / (self.checks * count("examples", examples))

    @property
    def spent(self) -> float:
        """The alpha handed out so far."""
        return self.total * self.taken / self.checks


def rate(name: str, value: float) -> float:
    """An error rate, as it is; ValueError outside (0, 1)."""
    if not 0 < value < 1:
        raise ValueError(f"{name} is an error rate and must lie strictly between 0 and 1, not {value!r}.")
    return value


def fraction(name: str, value: float) -> float:
    """A distance of laws or a correlation to be detected, as it is; ValueError outside (0, 1)."""
    if not 0 < value < 1:
        raise ValueError(f"{name} must lie strictly between 0 and 1, not {value!r}.")
    return value


def finite(name: str, value: float) -> float:
    """A finite number, as it is."""
    if not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, not {value!r}.")
    return value


def positive(name: str, value: float) -> float:
    """A finite number above 0, as it is."""
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a finite number > 0, not {value!r}.")
    return value


def count(name: str, value: int) -> int:
    """A positive integer, as it is."""
    if type(value) is not int or value < 1:
        raise ValueError(f"{name} must be a positive integer, not {value!r}.")
    return value
