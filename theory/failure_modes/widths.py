"""Which widths fluctuate least, and for which quantity the order of the layers matters.

For a fixed number of neurons n_1 + ... + n_d = S the sum of the reciprocal widths is least for equal widths:
sum n_j (1/n_j - t)^2 >= 0 says sum 1/n_j >= 2 d t - t^2 S for every t, and t = d/S gives d^2/S.

E M_d^2 (`failure_modes.second_moment`), the logarithm's mean and variance, and the probability of a dead layer are
symmetric in n_1, ..., n_d.  The variance over the layers of one network is not: exchanging the widths a, b of layers
j, j + 1 changes it by 5 (2j - 1 - d)(1/a - 1/b) E M_{j-1}^2/d^2, which is 0 for the middle pair alone.
Reference: hanin2018start, section 5.  Assumptions: those of the theorems compared.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from theory.failure_modes.layer_variance import layer_variance
from theory.failure_modes.second_moments import second_moment
from theory.proof.domains import Integers, Reals
from theory.proof.library import theorem
from theory.proof.rules import Context, Rule, RuleDoesNotApply, algebra
from theory.proof.theorem import Chain, Proof
from theory.symbols import d, j, n

t = sp.Symbol("t", real=True)
equal = sp.Symbol("w", integer=True, positive=True)  # one width for all layers
_neurons = sp.Sum(n[j], (j, 1, d))
_reciprocals = sp.Sum(1 / n[j], (j, 1, d))


def _weighted_squares(line: sp.Basic, context: Context) -> sp.Basic:
    return line + sp.Sum(n[j] * (1 / n[j] - t) ** 2, (j, 1, d))


weighted_squares = Rule("squares with positive weights are not negative", _weighted_squares, relation="<=")


@theorem("failure_modes.equal_widths", source="hanin2018start, section 5")
def equal_widths(p: Proof) -> Chain:
    """For a given number of neurons equal widths minimise the sum of the reciprocal widths."""
    p.array(n, lambda layer: Fraction(3 * layer - 2))
    p.let(d, Integers(1, 6))
    p.let(t, Reals(-1, 2))
    p.let(equal, Integers(1))
    line = 2 * d * t - t**2 * _neurons
    shown = p.calc(
        line,
        *("<=", line + sp.Sum(n[j] * (1 / n[j] - t) ** 2, (j, 1, d)), weighted_squares),
        *("=", _reciprocals, algebra),
    )
    p.calc(sp.Sum(1 / equal, (j, 1, d)), "=", d**2 / sp.Sum(equal, (j, 1, d)), algebra)
    at_best = shown.left.subs(t, d / _neurons)

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        if line != at_best:
            raise RuleDoesNotApply(f"{line} is not the inequality's left-hand side")
        return shown.right

    return p.calc(
        d**2 / _neurons,
        *("=", at_best, algebra),
        *("<=", _reciprocals, Rule("the inequality above at t = d/(n_1 + ... + n_d)", derive, relation="<=")),
    )


# --- the order of the layers ---------------------------------------------------------------------------------------

swapped = sp.IndexedBase("n'", integer=True, positive=True)  # the widths n_0, n_2, n_1


def _two_layers(line: sp.Expr) -> sp.Expr:
    return line.subs(d, 2)


def _other_order(line: sp.Expr) -> sp.Expr:
    return line.replace(
        lambda part: isinstance(part, sp.Indexed) and part.base == n, lambda part: swapped[part.indices[0]]
    )


def _write_out(line: sp.Basic, context: Context) -> sp.Basic:
    return line.doit().subs({swapped[1]: n[2], swapped[2]: n[1]}, simultaneous=True)


write_out = Rule("write sums and products out; n'_1 = n_2, n'_2 = n_1", _write_out)


@theorem("failure_modes.layer_order", source="hanin2018start, section 5")
def layer_order(p: Proof) -> Chain:
    """Exchanging two layers keeps the second moment, but changes the variance over the layers: depth 2."""
    widths = (4, 2, 5)
    p.array(n, widths.__getitem__)
    p.array(swapped, (widths[0], widths[2], widths[1]).__getitem__)
    moment, variance = (_two_layers(each.derivation().statement.right) for each in (second_moment, layer_variance))
    p.calc(moment - _other_order(moment), "=", 0, write_out)
    return p.calc(
        variance - _other_order(variance),
        *("=", sp.Rational(5, 4) * (1 / n[2] - 1 / n[1]), write_out),
    )
