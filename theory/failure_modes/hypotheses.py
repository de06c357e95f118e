"""The hypotheses about a rectifier network, each with an exact test in small finite networks.

They speak of one layer (weights w, biases b, incoming activations h) or of a whole network (weights W, biases beta,
activations act); the tests read from an instance which of the two it is.
Reference: hanin2018start, section 2.  Assumptions: this is where they are named.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import sympy as sp

from theory.probability.expectation import E
from theory.probability.models import Enumeration
from theory.probability.setting import Assumption
from theory.symbols import bias_variance, d, kurtosis, n, n_in, n_out, scale

h, w, b = (sp.IndexedBase(name) for name in ("h", "w", "b"))  # one layer: what comes in, weights, biases
act, W, bias = (sp.IndexedBase(name) for name in ("act", "W", "beta"))  # the network
F = sp.Function("F")


def _layers(model: Enumeration) -> list[tuple[list[sp.Indexed], list[sp.Indexed], int]]:
    """Weights, biases and fan-in of every layer of an instance."""
    values = model.instance.environment
    if n_in in values:
        fan_in, fan_out = values[n_in], values[n_out]
        rows = [w[unit, below] for unit in range(1, fan_out + 1) for below in range(1, fan_in + 1)]
        return [(rows, [b[unit] for unit in range(1, fan_out + 1)], fan_in)]
    found = []
    for layer in range(1, values[d] + 1):
        fan_in, fan_out = values[n](layer - 1), values[n](layer)
        rows = [W[layer, unit, below] for unit in range(1, fan_out + 1) for below in range(1, fan_in + 1)]
        found.append((rows, [bias[layer, unit] for unit in range(1, fan_out + 1)], fan_in))
    return found


def _all(model: Enumeration) -> list[sp.Indexed]:
    return [atom for rows, biases, _ in _layers(model) for atom in rows + biases]


def _symmetric(model: Enumeration) -> bool:
    """Every entry has the law of its negative, and any two are independent through their first two powers."""
    mean, atoms = model.evaluate, _all(model)
    return all(mean(E(F(atom))) == mean(E(F(-atom))) for atom in atoms) and all(
        mean(E(one**p * other**o)) == mean(E(one**p)) * mean(E(other**o))
        for one, other in combinations(atoms, 2)
        for p, o in ((1, 1), (2, 2))
    )


def _identical(model: Enumeration) -> bool:
    """One law, hence one value of E F, in every layer."""
    groups = [group for rows, biases, _ in _layers(model) for group in (rows, biases)]
    return all(len({model.evaluate(E(F(atom))) for atom in group}) == 1 for group in groups)


def _have_variance(wanted: sp.Expr) -> Callable[[Enumeration], bool]:
    """Whether fan-in times the variance of a weight is as wanted in every layer."""
    return lambda model: all(
        model.evaluate(E(rows[0] ** 2) * fan_in - wanted) == 0 for rows, _, fan_in in _layers(model)
    )


def _have_kurtosis(wanted: sp.Expr) -> Callable[[Enumeration], bool]:
    return lambda model: all(
        model.evaluate(E(rows[0] ** 4) - wanted * E(rows[0] ** 2) ** 2) == 0 for rows, _, _ in _layers(model)
    )


def _biases_have_variance(wanted: sp.Expr) -> Callable[[Enumeration], bool]:
    return lambda model: all(
        model.evaluate(E(entry**2) - wanted) == 0 for _, entries, _ in _layers(model) for entry in entries
    )


SYMMETRIC = Assumption(
    "symmetric entries",
    "all weights and biases are independent, and each has a law symmetric about 0",
    _symmetric,
)
IDENTICAL = Assumption("one law in a layer", "the weights of a layer have one law, and so have its biases", _identical)
SCALED = Assumption(
    "scaled weights",
    "a weight has variance 2 scale/fan-in, and the biases of all layers have one variance",
    lambda model: _have_variance(2 * scale)(model) and _biases_have_variance(bias_variance)(model),
)
HE = Assumption("He's variance", "a weight has variance 2/fan-in", _have_variance(sp.S(2)))
ONE_KURTOSIS = Assumption(
    "one kurtosis", "the weights of all layers have one kurtosis E w^4/(E w^2)^2", _have_kurtosis(kurtosis)
)
NORMAL_KURTOSIS = Assumption(
    "the kurtosis of normal weights", "E w^4 = 3 (E w^2)^2, as for normal weights", _have_kurtosis(sp.S(3))
)
NO_BIASES = Assumption("no biases", "the biases are 0", _biases_have_variance(sp.S.Zero))
