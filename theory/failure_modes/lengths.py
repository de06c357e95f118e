"""The mean length of a rectifier network's activations (FM1): exact at every width, for every symmetric law.

Given the layer below, s_k = sum_l w_{k,l} h_l + b_k has second moment sigma^2 |h|^2 + E b^2, of which the rectifier keeps
half, so with weights of variance 2 scale/fan_in

    E[M_j | layer j-1] = scale M_{j-1} + E b^2 / 2,      E M_d = scale^d M_0 + (E b^2/2)(1 + scale + ... + scale^(d-1)).

The mean is kept if and only if scale = 1 and there are no biases (He et al., 2015); otherwise it grows or decays like
scale^d.  Reference: hanin2018start, theorem 4 and corollary 2.  Assumptions: symmetric independent weights and biases.
"""

from __future__ import annotations

import sympy as sp

from theory.failure_modes.hypotheses import IDENTICAL, SCALED, SYMMETRIC, act
from theory.failure_modes.network import (
    activation,
    ell,
    layer,
    pre_activation,
    rectified,
    scaled_network,
    squares,
    total,
    weight_variance,
)
from theory.failure_modes.rules import equal_terms, even_power, half_of_it, moments_of_the_law, scaled_variance, tower
from theory.probability.calculus import linearity, notation
from theory.probability.expectation import E
from theory.proof.domains import Integers, Lists, Reals
from theory.proof.library import theorem
from theory.proof.rules import Context, Rule, RuleDoesNotApply, backwards, by_theorem, definition
from theory.proof.theorem import Chain, Parameter, Proof, Theorem
from theory.symbols import bias_variance, d, i, k, n, n_out, r, scale

WIDTHS = Parameter("widths", Lists(Integers(1), shortest=2), n)
DEPTH = {d: lambda values: len(values["widths"]) - 1}  # layers 1..d


@theorem("failure_modes.pre_activation_square", source="hanin2018start, theorem 4; he2015", setting=layer)
def pre_activation_square(p: Proof) -> Chain:
    """The second moment of a pre-activation, given the layer below."""
    p.assume(SYMMETRIC, IDENTICAL)
    s = pre_activation(k)
    (fan_in,) = (term for term in s.args if isinstance(term, sp.Sum))
    return p.calc(
        E(s**2),
        *("=", sp.Sum(E(fan_in.function**2), *fan_in.limits) + E((s - fan_in) ** 2), even_power),
        *("=", weight_variance * squares + bias_variance, linearity & moments_of_the_law),
    )


@theorem("failure_modes.length_step", source="hanin2018start, theorem 4; he2015", setting=layer)
def length_step(p: Proof) -> Chain:
    """The mean length of a layer given the layer below: the rectifier keeps half of the second moment."""
    p.assume(SYMMETRIC, IDENTICAL)
    s = pre_activation(k)
    return p.calc(
        E(rectified) / n_out,
        *("=", sp.Sum(E(sp.Max(s, 0) ** 2), (k, 1, n_out)) / n_out, linearity),
        *("=", sp.Sum(E(s**2) / 2, (k, 1, n_out)) / n_out, half_of_it),
        *("=", (weight_variance * squares + bias_variance) / 2, by_theorem(pre_activation_square) & equal_terms),
    )


@theorem("failure_modes.mean_length_step", source="hanin2018start, theorem 4", setting=scaled_network)
def mean_length_step(p: Proof) -> Chain:
    """The mean length of one layer of the network from that of the layer below."""
    p.assume(SYMMETRIC, IDENTICAL, SCALED)
    above = activation.body.subs(i, i + 1)
    units = sp.Sum(E(act[i, k] ** 2), (k, 1, n[i]))
    return p.calc(
        ell[i + 1],
        *("=", E(total(i + 1)) / n[i + 1], notation(ell)),
        *("=", E(sp.Sum(above**2, (k, 1, n[i + 1]))) / n[i + 1], definition(activation)),
        *("=", scale * units / n[i] + bias_variance / 2, tower(length_step, i) & scaled_variance & linearity),
        *("=", scale * ell[i] + bias_variance / 2, backwards(notation(ell) & linearity)),
    )


def by_affine_induction(recursion: Theorem, over: sp.Symbol, last: sp.Symbol) -> Rule:
    """a(i+1) = c a(i) + e with constants c and e, solved: a(d) = c^d a(0) + e (1 + c + ... + c^(d-1))."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        derivation = recursion.derivation()
        if not context.assumed.issuperset(derivation.assumed):
            raise RuleDoesNotApply(f"{recursion.name} makes assumptions that are not made here")
        context.used.update(derivation.assumed)
        entry = derivation.statement.left.subs(over, over - 1)
        step = sp.Poly(derivation.statement.right, entry)
        factor, shift = step.nth(1), step.nth(0)
        if line != entry.subs(over, last) or step.degree() != 1 or (factor * shift).has(over):
            raise RuleDoesNotApply(f"the recursion for {entry} does not speak of {line}")
        return factor**last * entry.subs(over, 0) + shift * sp.Sum(factor**r, (r, 0, last - 1))

    return Rule(f"induction over {over}", derive, uses=(recursion.name,))


@theorem(
    "failure_modes.mean_length",
    source="hanin2018start, theorem 4",
    setting=scaled_network,
    parameters=(
        *(WIDTHS, Parameter("scale", Reals(0), scale)),
        *(Parameter("bias_variance", Reals(0), bias_variance), Parameter("input_length", Reals(0), ell[0])),
    ),
    implied=DEPTH,
)
def mean_length(p: Proof) -> Chain:
    """The mean length E M_d of the last layer; the widths do not matter."""
    p.assume(SYMMETRIC, IDENTICAL, SCALED)
    value = scale**d * ell[0] + bias_variance / 2 * sp.Sum(scale**r, (r, 0, d - 1))
    return p.calc(
        E(total(d)) / n[d],
        *("=", ell[d], backwards(notation(ell))),
        *("=", value, by_affine_induction(mean_length_step, i, d)),
    )
