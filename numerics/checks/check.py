"""What a sampled check is: a theorem, a random network, a measured quantity, and its derived variance.

A theorem's value is turned into a claim: in this network, this quantity has this mean and a variance of at
most that much. The variance is derived, never sampled. A check promises to detect a relative error r in the
theorem's *value*; the claim says which shift of the measured mean this is, |m| r where the value is the mean.
A theorem whose value is a distribution function makes claims of a law, or of the independence of such variables.

*What is refuted.* Let the value v be true, and v/(1 - r) or v/(1 + r) be claimed. Either claim is off by r times
itself, which is the shift it asks for, so both are refuted except with probability beta.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from numerics import evidence
from numerics.ensembles import Network
from numerics.evaluate import value
from numerics.evidence import Plan, relative
from numerics.sampling import direct
from numerics.sampling.tilting import Tilted

if TYPE_CHECKING:
    from torch import Tensor


DIGITS = 17  # decimal digits that determine a float64


@dataclass(frozen=True, kw_only=True)
class Claim(ABC):
    """What follows for networks that can be drawn; a subclass is a kind of evidence.

    ``measure`` maps B networks of ``network``, as the ``sampler`` shows them, to float64 of shape (B,), or (B, k) where
    k numbers of a network are compared. ``condition``: in words, what networks with a value other than NaN fulfil;
    empty where all have one. ``expected``: what is claimed, as a number to read.
    """

    network: Network
    measure: Callable[[Any], Tensor]
    condition: str = ""
    sampler: ModuleType | Tilted = direct

    @property
    @abstractmethod
    def expected(self) -> float: ...

    @abstractmethod
    def plan(self, *, alpha: float, beta: float, budget: int) -> Plan:
        """What judging it promises, as ``numerics.evidence`` plans it."""


@dataclass(frozen=True, kw_only=True)
class MeanClaim(Claim):
    """What is measured has this ``mean``, and ``variance`` bounds its variance; ``shift`` (> 0) is to be found.

    ``hint``: what to do instead, where heavy tails put the mean out of reach.
    """

    mean: float
    variance: float
    shift: float
    hint: str = ""

    @property
    def expected(self) -> float:
        """The mean."""
        return self.mean

    def plan(self, *, alpha: float, beta: float, budget: int) -> Plan:
        """By the derived variance."""
        options: dict[str, Any] = {"alpha": alpha, "beta": beta, "budget": budget, "condition": self.condition}
        return evidence.plan(self.mean, self.variance, shift=self.shift, hint=self.hint, **options)


@dataclass(frozen=True, kw_only=True)
class LawClaim(Claim):
    """What is measured has the distribution function ``cdf``; an error of it by ``distance`` is to be found."""

    cdf: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    distance: float

    @property
    def expected(self) -> float:
        """No distance."""
        return 0.0

    def plan(self, *, alpha: float, beta: float, budget: int) -> Plan:
        """By the largest distance of the distribution functions."""
        options: dict[str, Any] = {"alpha": alpha, "beta": beta, "budget": budget, "condition": self.condition}
        return evidence.plan_law(self.cdf, distance=self.distance, **options)


@dataclass(frozen=True, kw_only=True)
class IndependenceClaim(LawClaim):
    """The k numbers measured of a network are independent, each with the distribution function ``cdf``.

    ``distance`` is the rank correlation to be found between any two of the ``factors``.
    """

    factors: int

    def plan(self, *, alpha: float, beta: float, budget: int) -> Plan:
        """By the largest rank correlation."""
        options: dict[str, Any] = {"alpha": alpha, "beta": beta, "budget": budget, "condition": self.condition}
        return evidence.plan_independence(self.cdf, self.factors, correlation=self.distance, **options)


@dataclass(frozen=True)
class Check:
    """One way to sample a theorem at exact ``parameters``.

    ``quantity`` says in words what is measured in which network. ``claim`` maps the theorem's value and the
    relative error to be detected in it to what follows for the network; ``of_function``: the parameters leave one of
    the theorem's free, so its value is a function; then NaN is handed over, and the error is a distance or correlation.
    """

    theorem: str
    parameters: Mapping[str, Any]
    quantity: str
    claim: Callable[[float, float], Claim]
    of_function: bool = False

    @property
    def written(self) -> dict[str, str]:
        """The parameters as the command line reads them."""
        return {name: written(setting) for name, setting in self.parameters.items()}

    @property
    def label(self) -> str:
        """A name that no other check has."""
        parameters = [f"{name}={setting}" for name, setting in self.written.items()]
        return f"{' '.join([self.theorem, *parameters])}: {self.quantity}"

    @property
    def value(self) -> float:
        """The theorem's value, from its enclosure, or NaN; raises as ``numerics.evaluate.value`` does."""
        return math.nan if self.of_function else derived(self.theorem, **self.parameters)


def mean_check(
    theorem: str,
    parameters: Mapping[str, Any],
    quantity: str,
    network: Network,
    measure: Callable[[Any], Tensor],
    variance: Callable[[float], float],
    condition: str = "",
    sampler: ModuleType | Tilted = direct,
    hint: str = "",
) -> Check:
    """The check of a theorem whose value is the mean of what is measured.

    ``variance`` maps the derived mean to the bound on the variance; another value that is tried in its place
    leaves the bound alone.
    """

    about: dict[str, Any] = {
        "network": network,
        "measure": measure,
        "condition": condition,
        "sampler": sampler,
        "hint": hint,
    }

    @cache
    def bound() -> float:
        return variance(derived(theorem, **parameters))

    def claim(mean: float, detect: float) -> Claim:
        return MeanClaim(mean=mean, variance=bound(), shift=relative(mean, detect), **about)

    return Check(theorem, parameters, quantity, claim)


def event_variance(probability: float) -> float:
    """The variance of an event's indicator."""
    return probability * (1 - probability)


def derived(theorem: str, **parameters: Any) -> float:
    """A theorem's value, rounded to float64."""
    return float(value(theorem, DIGITS, **parameters))


def written(setting: Any) -> str:
    """A parameter as the command line reads it: 3, 1/4, relu, or 6,4,8."""
    return ",".join(map(str, setting)) if isinstance(setting, (tuple, list)) else str(setting)
