"""What a sampled check is: a theorem, a random network, a measured quantity, and its derived variance.

A theorem's value is turned into a claim: in this network, this quantity has this mean and a variance of at
most that much. The variance is derived, never sampled. A check promises to detect a relative error r in the
theorem's *value*; the claim says which shift of the measured mean this is, |m| r where the value is the mean.

*What is refuted.* Let the value v be true, and v/(1 - r) or v/(1 + r) be claimed. Either claim is off by r times
itself, which is the shift it asks for, so both are refuted except with probability beta.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from numerics.ensembles import Network
from numerics.evaluate import value
from numerics.evidence import relative
from numerics.sampling import direct

if TYPE_CHECKING:
    from torch import Tensor


DIGITS = 17  # decimal digits that determine a float64


@dataclass(frozen=True)
class Claim:
    """``measure`` of what a ``sampler`` draws of ``network`` has this ``mean``, and ``variance`` bounds its variance.

    ``measure`` maps B networks as the sampler shows them to (B,) float64. ``shift`` (> 0) is the error of the mean to
    be found. ``condition``: in words, what networks with a value other than NaN fulfil; empty where all have one.
    """

    network: Network
    measure: Callable[[Any], Tensor]
    mean: float
    variance: float
    shift: float
    condition: str = ""
    sampler: ModuleType = direct


@dataclass(frozen=True)
class Check:
    """One way to sample a theorem at exact ``parameters``.

    ``quantity`` says in words what is measured in which network. ``claim`` maps the theorem's value and the
    relative error to be detected in it to what follows for the network.
    """

    theorem: str
    parameters: Mapping[str, Any]
    quantity: str
    claim: Callable[[float, float], Claim]

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
        """The theorem's value, from its enclosure; raises as ``numerics.evaluate.value`` does."""
        return derived(self.theorem, **self.parameters)


def mean_check(
    theorem: str,
    parameters: Mapping[str, Any],
    quantity: str,
    network: Network,
    measure: Callable[[Any], Tensor],
    variance: Callable[[float], float],
    condition: str = "",
    sampler: ModuleType = direct,
) -> Check:
    """The check of a theorem whose value is the mean of what is measured.

    ``variance`` maps the derived mean to the bound on the variance; another value that is tried in its place
    leaves the bound alone.
    """

    def claim(mean: float, detect: float) -> Claim:
        bound = variance(derived(theorem, **parameters))
        return Claim(network, measure, mean, bound, relative(mean, detect), condition, sampler)

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
