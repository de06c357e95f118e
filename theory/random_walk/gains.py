"""The gains that keep the walk of ln Z unbiased, exactly at every width.

By `random_walk.unbiased_gain` the gain is exp(-E ln z / 2), so each follows from the mean logarithm of its layer.  For
Haar-orthogonal weights the projected direction is uniform on the sphere: z = (sum of active X_i^2)/(sum of all X_i^2).

Reference: sussillo2014; S-03 and S-07 are printed approximations.
"""

from __future__ import annotations

import sympy as sp

from theory.probability.expectation import E, Given
from theory.probability.facts import STANDARD_NORMAL, x
from theory.probability.setting import Assumption
from theory.proof.forms import form_of, in_all_forms, insert
from theory.proof.library import theorem
from theory.proof.rules import Context, Rule, RuleDoesNotApply, cite
from theory.proof.theorem import Chain, Proof, Theorem
from theory.random_walk.logarithm import (
    SLOPE,
    WIDTH,
    active_log_mean,
    leaky_log_mean,
    linear_log_mean,
    normal_log_mean,
    relu_log_mean,
)
from theory.random_walk.ratio import FAIR_COINS, c, counting, layer, some_active
from theory.random_walk.walk import mu, unbiased_g, unbiased_gain, walk
from theory.symbols import N, a, i

_solved = sp.exp(-mu / 2)


def unbiased(mean: sp.Expr) -> Rule:
    """The gain that random_walk.unbiased_gain gives for a mean of ln z."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        return line.subs(unbiased_g, unbiased_gain.derivation().statement.right.rhs.subs(mu, mean))

    return Rule("the gain of an unbiased walk", derive, uses=(unbiased_gain.name,), appeal=True)


def _gain_from(p: Proof, mean: Theorem) -> Chain:
    return p.calc(unbiased_g, "=", _solved, unbiased(mu)) + in_all_forms(p, _solved, mu, mean)


@theorem("random_walk.linear_gain", source="sussillo2014, S-03", setting=walk, parameters=(WIDTH,))
def linear_gain(p: Proof) -> Chain:
    """The gain of an unbiased linear walk."""
    return _gain_from(p, linear_log_mean)


@theorem("random_walk.relu_gain", source="sussillo2014, S-07", setting=walk, parameters=(WIDTH,))
def relu_gain(p: Proof) -> Chain:
    """The gain of an unbiased rectifier walk, given that no layer is dead."""
    return _gain_from(p, relu_log_mean)


_fit = sp.sqrt(2) * sp.exp(sp.Rational(6, 5) / (sp.Max(N, 6) - sp.Rational(12, 5)))
_as_printed = cite("the closed fit as printed", "sussillo2014, S-07", unbiased_g, _fit)


@theorem("random_walk.relu_gain_fit", source="sussillo2014, S-07", setting=walk, parameters=(WIDTH,))
def relu_gain_fit(p: Proof) -> Chain:
    """The paper's closed fit to the rectifier gain: printed, not derived; compare random_walk.relu_gain."""
    return p.calc(unbiased_g, "=", _fit, _as_printed)


@theorem(
    "random_walk.leaky_relu_gain", source="sussillo2014, section 3; he2015", setting=walk, parameters=(WIDTH, SLOPE)
)
def leaky_relu_gain(p: Proof) -> Chain:
    """The gain of an unbiased leaky rectifier walk, any slope in [0, 1]; slope 0 is given that no layer is dead."""
    leaky, dead = leaky_log_mean.derivation(), relu_log_mean.derivation()

    def by_slope(form: str) -> tuple[sp.Expr, Rule]:
        def split(line: sp.Expr) -> sp.Piecewise:
            rectifier, others = (line.subs(mu, form_of(derivation, form)) for derivation in (dead, leaky))
            return sp.Piecewise((rectifier, sp.Eq(a, 0)), (others, True))

        uses = (relu_log_mean.name, leaky_log_mean.name)
        name = f"slope 0: by {uses[0]}; otherwise by {uses[1]}"
        return split(_solved), Rule(name, lambda line, context: split(line), uses=uses, appeal=True)

    for form, keep in (("stable", p.evaluate_by), ("rigorous", p.enclose_by)):
        keep(p.calc(_solved, "=", *by_slope(form)))
    return p.calc(unbiased_g, "=", _solved, unbiased(mu), "=", *by_slope("plain"))


HAAR = Assumption(
    "Haar-orthogonal weights", "W is uniform on the orthogonal group, so u W is uniform on the sphere", None
)
v = sp.IndexedBase("v")  # the direction after an orthogonal layer
_sphere_ratio = sp.Sum(c[i] * v[i] ** 2, (i, 1, N))
_active, _all = sp.Sum(c[i] * x[i] ** 2, (i, 1, N)), sp.Sum(x[i] ** 2, (i, 1, N))
_relu, _linear = Given(sp.log(_active / N), some_active), E(sp.log(_all / N))


def _normalise(line: sp.Basic, context: Context) -> sp.Basic:
    if not (context.grants(HAAR) and context.grants(STANDARD_NORMAL)):
        raise RuleDoesNotApply("Haar-orthogonal weights are not assumed")
    return line.xreplace({_sphere_ratio: _active / _all})


on_the_sphere = Rule(
    "a uniform direction is a normalised Gaussian vector", _normalise, kind="cited", source="muller1959"
)


def _quotient(line: sp.Basic, context: Context) -> sp.Basic:
    """The mean logarithm of a quotient; the coins are independent of the entries, so they leave ln(sum of all) alone."""
    if not (context.grants(FAIR_COINS) and context.grants(STANDARD_NORMAL)):
        raise RuleDoesNotApply("fair coins are not assumed")
    return line.xreplace({Given(sp.log(_active / _all), some_active): _relu - _linear})


log_of_quotient = Rule("ln of a quotient; coins independent of the entries", _quotient, judged_in=counting)


@theorem(
    "random_walk.orthogonal_relu_gain", source="sussillo2014, section 3; saxe2014", setting=layer, parameters=(WIDTH,)
)
def orthogonal_relu_gain(p: Proof) -> Chain:
    """The gain of an unbiased rectifier walk with Haar-orthogonal weights, given that no layer is dead."""
    p.assume(HAAR, FAIR_COINS, STANDARD_NORMAL)
    quotient = Given(sp.log(_active / _all), some_active)
    line = sp.exp((_linear - _relu) / 2)
    relu, linear = active_log_mean.derivation(), normal_log_mean.derivation()

    def value(form: str) -> tuple[sp.Expr, Rule]:
        moments = {_relu: (active_log_mean, relu), _linear: (normal_log_mean, linear)}
        rules = [insert(node, theorem, form) for node, (theorem, _) in moments.items()]
        forms = {node: form_of(derivation, form) for node, (_, derivation) in moments.items()}
        return line.subs(forms), rules[0] & rules[1]

    for form, keep in (("stable", p.evaluate_by), ("rigorous", p.enclose_by)):
        keep(p.calc(line, "=", *value(form)))
    return p.calc(
        unbiased_g,
        *(
            "=",
            sp.exp(-Given(sp.log(_sphere_ratio), some_active) / 2),
            unbiased(Given(sp.log(_sphere_ratio), some_active)),
        ),
        *("=", sp.exp(-quotient / 2), on_the_sphere),
        *("=", line, log_of_quotient),
        *("=", *value("plain")),
    )
