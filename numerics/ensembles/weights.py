"""The law of a weight matrix: independent entries of mean zero, or Haar measure.

Convention: row vectors, ``s = z W`` with ``W`` of shape ``fan_in x fan_out`` (glorot2010).

Laws of one entry, all symmetric, all scaled to the variance that was asked for:

    normal       Gaussian
    uniform      on [-sqrt(3 v), sqrt(3 v)]
    truncated    a Gaussian conditioned on at most two of its own standard deviations, then rescaled
    sign         +-sqrt(v) with equal chance
    sparse       normal of variance v/density with chance ``density``, else zero; kurtosis 3/density
    orthogonal   not independent: W = sqrt(fan_in v) Q with orthonormal columns, Q from Haar measure

Orthonormal columns need fan_out <= fan_in.
"""

from __future__ import annotations

from dataclasses import dataclass

from numerics.ensembles.validation import at_least_zero, finite, one_of

LAWS = ("normal", "uniform", "truncated", "sign", "sparse", "orthogonal")
FANS = {
    "weight": lambda fan_in, fan_out: 1.0,
    "fan_in": lambda fan_in, fan_out: fan_in,
    "fan_out": lambda fan_in, fan_out: fan_out,
    "fan_average": lambda fan_in, fan_out: (fan_in + fan_out) / 2,
}


@dataclass(frozen=True)
class Weights:
    """``law`` is one of ``LAWS``; the variance of an entry is ``variance`` divided by the fan that ``per`` names.

    ``per`` is "weight" (the variance itself), "fan_in", "fan_out" or "fan_average" (half their sum). So gain g
    is ``Weights(law, g**2, "fan_in")``, He (he2015) is ``Weights("normal", 2, "fan_in")``, and eq. 16 of
    glorot2010 is ``Weights("uniform", 1, "fan_average")``. ``density`` in (0, 1] belongs to sparse alone.

    Raises ValueError for an unknown law or fan, a negative variance, or a density out of place.
    """

    law: str = "normal"
    variance: float = 1.0
    per: str = "weight"
    density: float | None = None

    def __post_init__(self) -> None:
        one_of("weight law", self.law, LAWS)
        one_of("variance convention", self.per, FANS)
        object.__setattr__(self, "variance", at_least_zero("the weight variance", self.variance))
        if (self.law == "sparse") != (self.density is not None):
            raise ValueError(
                f"a density belongs to sparse weights and only to them: with law {self.law!r} and "
                f"density={self.density!r}, add or remove the density."
            )
        if self.density is not None:
            object.__setattr__(self, "density", finite("density", self.density))
            if not 0 < self.density <= 1:
                raise ValueError(f"the density of sparse weights must lie in (0, 1], not {self.density!r}.")

    def entry_variance(self, fan_in: int, fan_out: int) -> float:
        """The variance of one entry of a matrix with these fans."""
        return self.variance / FANS[self.per](fan_in, fan_out)
