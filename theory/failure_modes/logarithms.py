"""The logarithm of the length over depth: its mean and variance at every width, given that no layer is dead.

The ratios of successive lengths are independent, and each has twice the law of the ratio z of `random_walk`, so

    E ln(M_d/M_0) = sum_j (ln 2 + E[ln z | active]),   Var ln(M_d/M_0) = sum_j Var[ln z | active],   z of width n_j.

To first order in 1/n these are -5/(2n) and 5/n for each layer: the typical length shrinks while its mean stands still.
Reference: hanin2018start, section 4; hanin2020products.
Assumptions: normal weights of He's variance, no biases; independent ratios (`failure_modes.ratio_transform`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

from theory.failure_modes.length_ratio import log_ratio_mean, log_ratio_variance
from theory.failure_modes.lengths import DEPTH, WIDTHS
from theory.probability.calculus import identical_law, independence, linearity, square_of_sum, variance_as_moments
from theory.probability.expectation import E, Var
from theory.probability.setting import Assumption, Family, Instance, Setting
from theory.proof.domains import Integers
from theory.proof.forms import form_of
from theory.proof.library import theorem
from theory.proof.nodes import PairSum
from theory.proof.rules import Rule
from theory.proof.theorem import Chain, Proof, Theorem
from theory.symbols import N, d, j, n, r

# --- over the layers -----------------------------------------------------------------------------------------------

lam = sp.IndexedBase("Lambda")  # Lambda[j] = ln(M_j/M_{j-1})
mu, mu2 = sp.IndexedBase("mu", real=True), sp.IndexedBase("mu2", positive=True)  # its first two moments
variance_of = sp.IndexedBase("sigma2", positive=True)  # its variance
_other = sp.Symbol("j'", integer=True, positive=True)

INDEPENDENT_RATIOS = Assumption(
    "independent length ratios",
    "given that no layer is dead, ln(M_1/M_0), ..., ln(M_d/M_{d-1}) are independent (a theorem for normal weights: the "
    "ratio's transform does not depend on the layer below: failure_modes.ratio_transform)",
    lambda model: model.evaluate(E(lam[1] * lam[2])) == model.evaluate(E(lam[1])) * model.evaluate(E(lam[2])),
)
_logs = Family(
    lam,
    span=lambda layer: (layer, layer),
    independent_entries=INDEPENDENT_RATIOS,
    identical=INDEPENDENT_RATIOS,
    first=lambda layer: mu[layer],
    second=lambda layer: mu2[layer],
)
log_walk = Setting(
    "logarithm of the length over the layers",
    (_logs,),
    notations={
        mu: lambda layer: E(lam[layer]),
        mu2: lambda layer: E(lam[layer] ** 2),
        variance_of: lambda layer: Var(lam[layer]),
    },
    instances=tuple(
        Instance({d: depth}, laws={lam: lambda layer: ((layer, 1), (-2, 2), (3, layer))}) for depth in (1, 2, 3)
    ),
)
abbreviate = Rule(
    "notation: the variance of a layer's logarithm",
    lambda line, context: line.xreplace({mu2[j]: variance_of[j] + mu[j] ** 2}),
)


# --- equal widths together, for balls ------------------------------------------------------------------------------

# A ball integral takes up to a second, a sum over few units no time; so each width is taken once, the small ones by sums.
SMALL = 40
width, times = (
    sp.IndexedBase("N", positive=True),
    sp.IndexedBase("m", positive=True),
)  # the widths that occur, how often
few, all_widths = sp.symbols("K_small K", integer=True, nonnegative=True)  # how many of them are small, and in all


def _occurring(values: Mapping[str, Any]) -> list[tuple[int, int]]:
    return sorted(Counter(values["widths"][1:]).items())


GROUPED: Mapping[sp.Basic, Callable[[Mapping[str, Any]], Any]] = {
    **DEPTH,
    width: lambda values: lambda at: _occurring(values)[at - 1][0],
    times: lambda values: lambda at: _occurring(values)[at - 1][1],
    few: lambda values: sum(each <= SMALL for each, _ in _occurring(values)),
    all_widths: lambda values: len(_occurring(values)),
}
_EXAMPLE = {"widths": (1, 2, SMALL + 1, 2, 3, SMALL + 1)}


def _grouped(p: Proof, line: sp.Expr, layer: Theorem) -> Chain:
    """The sum of a layer's value over all layers as a sum over the widths that occur."""
    for array in (width, times):
        p.array(array, GROUPED[array](_EXAMPLE))
    p.array(n, _EXAMPLE["widths"].__getitem__)
    for symbol in (d, few, all_widths):
        p.let(symbol, Integers(GROUPED[symbol](_EXAMPLE), GROUPED[symbol](_EXAMPLE)))
    by_sum, by_integral = (form_of(layer.derivation(), form).subs(N, width[r]) for form in ("plain", "rigorous"))
    small = sp.Sum(times[r] * by_sum, (r, 1, few))
    large = sp.Sum(times[r] * by_integral, (r, few + 1, all_widths))
    return p.calc(line, "=", small + large, Rule("equal widths together", None, kind="computed"))


def _over_layers(p: Proof, entry: sp.Indexed, layer: Theorem) -> Chain:
    """The sum over layers of what a theorem says of one layer, inserted in the forms it has."""

    def inserted(form: str) -> Chain:
        value = form_of(layer.derivation(), form).subs(N, n[j])
        rule = Rule(
            f"by {layer.name}, N = n_j",
            lambda line, context: line.xreplace({entry: value}),
            uses=(layer.name,),
            appeal=True,
        )
        return p.calc(sp.Sum(entry, (j, 1, d)), "=", sp.Sum(value, (j, 1, d)), rule)

    p.evaluate_by(inserted("stable"))
    plain = inserted("plain")
    p.enclose_by(_grouped(p, plain.right, layer))
    return plain


_path = sp.Sum(lam[j], (j, 1, d))


@theorem(
    "failure_modes.log_length_mean",
    source="hanin2018start, section 4; hanin2020products",
    setting=log_walk,
    parameters=(WIDTHS,),
    implied=GROUPED,
)
def log_length_mean(p: Proof) -> Chain:
    """E ln(M_d/M_0) for normal weights of He's variance, given that no layer is dead."""
    p.assume(INDEPENDENT_RATIOS)
    return p.calc(
        E(_path),
        *("=", sp.Sum(E(lam[j]), (j, 1, d)), linearity),
        *("=", sp.Sum(mu[j], (j, 1, d)), identical_law),
    ) + _over_layers(p, mu[j], log_ratio_mean)


@theorem(
    "failure_modes.log_length_variance",
    source="hanin2018start, section 4; hanin2020products",
    setting=log_walk,
    parameters=(WIDTHS,),
    implied=GROUPED,
)
def log_length_variance(p: Proof) -> Chain:
    """Var ln(M_d/M_0) for normal weights of He's variance, given that no layer is dead: a sum over the layers."""
    p.assume(INDEPENDENT_RATIOS)
    squares, means = sp.Sum(mu2[j], (j, 1, d)), sp.Sum(mu[j], (j, 1, d))
    pairs = PairSum(mu[j] * mu[_other], j, _other, d)
    return p.calc(
        Var(_path),
        *("=", E(_path**2) - E(_path) ** 2, variance_as_moments),
        *("=", squares + pairs - means**2, square_of_sum & linearity & independence & identical_law),
        *("=", squares - sp.Sum(mu[j] ** 2, (j, 1, d)), square_of_sum),
        *("=", sp.Sum(variance_of[j], (j, 1, d)), abbreviate),
    ) + _over_layers(p, variance_of[j], log_ratio_variance)
