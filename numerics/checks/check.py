"""What a sampled check is: a theorem, a random network, a measured quantity, and its derived variance.

A theorem's value is turned into a claim: in this network, this quantity has this mean and a variance of at most
that much. The variance is derived, never sampled. A check promises to detect a relative error in the
theorem's *value*; the claim says which shift of the measured mean this is.

*What is refuted.* With detect = r the shift of a measured mean m is r|m|. Were the claimed value v' wrong by
the factor 1/(1 - r) or 1/(1 + r), the true mean would be (1 - r) m' or (1 + r) m', which is a shift of exactly
r|m'|: both are refuted except with probability beta.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numerics.ensembles import Dense
from numerics.evaluate import value
from numerics.evidence import relative

if TYPE_CHECKING:
    from torch import Tensor

    from numerics.sampling.direct import Pass

DIGITS = 17  # decimal digits that determine a float64


@dataclass(frozen=True)
class Claim:
    """``measure`` of a pass of ``network`` has this ``mean``, and ``variance`` bounds its variance.

    ``measure`` maps a pass of B networks to (B,) float64. ``shift`` (> 0) is the error of the mean to be found.
    ``condition``: in words, what networks with a value other than NaN fulfil; empty where all must have one.
    """

    network: Dense
    measure: Callable[[Pass], Tensor]
    mean: float
    variance: float
    shift: float
    condition: str = ""


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
    network: Dense,
    measure: Callable[[Pass], Tensor],
    variance: Callable[[float], float],
    condition: str = "",
) -> Check:
    """The check of a theorem whose value is the mean of what is measured.

    ``variance`` maps that mean to the bound on the variance, when it is asked for.
    """

    def claim(mean: float, detect: float) -> Claim:
        return Claim(network, measure, mean, variance(mean), relative(mean, detect), condition)

    return Check(theorem, parameters, quantity, claim)


def event_check(
    theorem: str,
    parameters: Mapping[str, Any],
    quantity: str,
    network: Dense,
    event: Callable[[Pass], Tensor],
    condition: str = "",
) -> Check:
    """The check of a probability p; ``event`` gives 0 or 1 (or NaN), of variance p(1 - p)."""
    return mean_check(theorem, parameters, quantity, network, event, lambda p: p * (1 - p), condition)


def derived(theorem: str, **parameters: Any) -> float:
    """A theorem's value, rounded to float64."""
    return float(value(theorem, DIGITS, **parameters))


def written(setting: Any) -> str:
    """A parameter as the command line reads it: 3, 1/4, relu, or 6,4,8."""
    return ",".join(map(str, setting)) if isinstance(setting, (tuple, list)) else str(setting)
