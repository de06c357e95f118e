"""Checks of ``gains.*``: the mean squares of activations and of their slopes, on independent standard normal numbers.

A gain g is 1/sqrt(m), where m is the mean that is measured. Where g' = g/(1 -+ r) is claimed, m' = 1/g'^2 is off by
m' |1 - 1/(1 -+ r)^2|, at least m' (1 - (1 + r)^-2): that is the shift to be found.

Variances: |f(s)| <= |f(0)| + L |s| with the bound L on the slope, so E f^4 <= sum_i C(4, i) |f(0)|^(4-i) L^i E |s|^i, with
E |s|^i = 1, sqrt(2/pi), 1, 2 sqrt(2/pi), 3; of slopes as in ``numerics.checks.variance``. An average over U independent
numbers has one U-th of it. The slope of a rectifier that is bent the other way than usual, beyond 1, matters too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import torch
from torch import Tensor

from numerics.checks.check import Check, Claim, MeanClaim, derived
from numerics.checks.variance import SLOPE_OF, SLOPES, lipschitz, normal_layer, squared_slopes
from numerics.ensembles import Activation, Network
from numerics.ensembles.layers import SLOPED
from numerics.sampling import activations
from numerics.sampling.passes import Pass, squared_norm

Sampled = tuple[Network, Callable[[Pass], Tensor], Callable[[float], float]]  # network, measure, variance of the mean
FAR = (Fraction(0), Fraction(12))
ABSOLUTE = (1.0, math.sqrt(2 / math.pi), 1.0, 2 * math.sqrt(2 / math.pi), 3.0)  # E |s|^i


def checks() -> tuple[Check, ...]:
    """The checks of this subject."""
    settings = (*SLOPE_OF.items(), *((name, slope) for name in SLOPED for slope in FAR))
    return (*(_forward(*setting) for setting in settings), *(_backward(*setting) for setting in settings))


def _forward(name: str, slope: Fraction | None) -> Check:
    activation = Activation(name, float(slope) if slope is not None else None)
    at_zero = float(activations.apply(activation, torch.zeros(1, 1, 1)).norm())
    bound, terms = lipschitz(name, slope), enumerate(ABSOLUTE)
    fourth = math.fsum(math.comb(4, i) * at_zero ** (4 - i) * bound**i * moment for i, moment in terms)

    def measure(seen: Pass) -> Tensor:
        s = seen.pre_activations[0].double()
        return squared_norm(activations.apply(activation, s))[:, 0] / SLOPES

    sampled = normal_layer(Fraction(1)), measure, lambda mean: (fourth - mean**2) / SLOPES
    return _check("gains.forward", name, slope, f"mean of f(s)^2 over {SLOPES} normal s, f of torch", sampled)


def _backward(name: str, slope: Fraction | None) -> Check:
    quantity = f"mean of f'(s)^2 over {SLOPES} normal s, f of torch"
    return _check("gains.backward", name, slope, quantity, squared_slopes(name, Fraction(1), slope))


def _check(theorem: str, name: str, slope: Fraction | None, quantity: str, sampled: Sampled) -> Check:
    parameters = {"activation": name} if slope is None else {"activation": name, "slope": slope}
    network, measure, variance = sampled

    def claim(gain: float, detect: float) -> Claim:
        mean = gain**-2
        about = {"network": network, "measure": measure}
        bound = variance(derived(theorem, **parameters) ** -2)
        return MeanClaim(mean=mean, variance=bound, shift=mean * (1 - (1 + detect) ** -2), **about)  # type: ignore[arg-type]

    return Check(theorem, parameters, quantity, claim)
