"""The rules with which the rectifier network's moments are derived; the instance judge confirms each by enumeration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import sympy as sp

from theory.failure_modes.hypotheses import HE, NO_BIASES, NORMAL_KURTOSIS, SCALED, W, act, b, bias, h, w
from theory.failure_modes.network import fourths, squares, weight_variance
from theory.probability.expectation import E
from theory.probability.setting import Assumption
from theory.proof.nodes import PairSum
from theory.proof.normal import difference
from theory.proof.rules import Context, Rule, RuleDoesNotApply, by_induction, rewrite
from theory.proof.theorem import Theorem
from theory.symbols import bias_variance, fourth_power, kurtosis, length, n, n_in, n_out, scale, u, v

Pairs = frozenset[frozenset[sp.Basic]]


def _on_means(change: Callable[[E, Context], sp.Basic]) -> Callable[[Any, Context], sp.Basic]:
    def visit_with(context: Context) -> Callable[[sp.Basic, Pairs], sp.Basic]:
        return lambda part, distinct: change(part, context) if isinstance(part, E) else part

    return lambda line, context: rewrite(line, visit_with(context))


# --- one layer -----------------------------------------------------------------------------------------------------


def _symmetric(line: sp.Expr, context: Context) -> bool:
    """Whether every random entry of a line is known to be symmetric and independent of the others."""
    families = [context.setting.family(atom) for atom in context.setting.atoms(line)]
    return bool(families) and all(
        f is not None and context.grants(f.symmetric) and context.grants(f.independent_entries) for f in families
    )


def _halve(part: E, context: Context) -> sp.Basic:
    """s and -s have one law, and relu(s)^p + relu(-s)^p = s^p for even p."""
    base, power = part.body.as_base_exp()
    if not isinstance(base, sp.Max) or sp.S.Zero not in base.args or not power.is_even:
        return part
    s = sp.Max(*(argument for argument in base.args if argument != 0))
    flipped = s.xreplace({atom: -atom for atom in context.setting.atoms(s)})
    if not _symmetric(s, context) or difference(flipped, -s) != 0:
        return part
    return E(s**power) / 2


half_of_it = Rule("symmetry: E relu(s)^p = E s^p / 2 for even p", _on_means(_halve))


def _even_power(part: E, context: Context) -> sp.Basic:
    """E (X_1 + ... + X_n + Y)^p for p = 2, 4 and independent symmetric terms: only even powers remain."""
    base, power = part.body.as_base_exp()
    sums = [term for term in sp.Add.make_args(base) if isinstance(term, sp.Sum)]
    if power not in (2, 4) or len(sums) != 1 or not _symmetric(base, context):
        return part
    (index, lower, upper), term, rest = sums[0].limits[0], sums[0].function, base - sums[0]
    indices = {limits[0] for limits in sums[0].limits}
    if lower != 1 or any(not indices <= set(atom.indices) for atom in context.setting.atoms(term)):
        raise RuleDoesNotApply(f"the terms of {sums[0]} are not known to be independent")
    if len(indices) > 1 and power > 2:
        return part
    other = sp.Symbol(f"{index}'", integer=True, positive=True)
    square = sp.Sum(E(term**2), *sums[0].limits)
    if rest == 0:
        rest_squared = rest_fourth = sp.S.Zero
    else:
        rest_squared, rest_fourth = E(rest**2), E(rest**4)
    if power == 2:
        return square + rest_squared
    pairs = PairSum(E(term**2) * E(term.xreplace({index: other}) ** 2), index, other, upper)
    return sp.Sum(E(term**4), (index, 1, upper)) + 3 * pairs + 6 * rest_squared * square + rest_fourth


even_power = Rule("even power of a sum of independent symmetric terms", _on_means(_even_power))


def _moment(part: E, context: Context) -> sp.Basic:
    base, power = part.body.as_base_exp()
    family = context.setting.family(base)
    if family is None or family.moment is None or not context.grants(family.identical):
        return part
    return family.moment(int(power), *base.indices)


moments_of_the_law = Rule("moments of the law", _on_means(_moment))


def _equal_terms(line: sp.Basic, context: Context) -> sp.Basic:
    """Constant factors come out of a sum, and a sum of equal terms is their number times one; likewise over pairs."""

    def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
        if isinstance(part, sp.Sum):
            constant, varying = part.function.as_independent(*(limits[0] for limits in part.limits), as_Add=False)
            idle = [limits for limits in part.limits if not varying.has(limits[0])]
            count = sp.Mul(*(upper - lower + 1 for _, lower, upper in idle))
            left = [limits for limits in part.limits if limits not in idle]
            return constant * count * (sp.Sum(varying, *left) if left else varying)
        if isinstance(part, PairSum) and not part.body.has(part.first, part.second):
            return part.count * (part.count - 1) * part.body
        return part

    return rewrite(line, visit)


equal_terms = Rule("constants out of sums, equal terms", _equal_terms)

abbreviate = Rule(
    "notation: the length and the fourth power of the layer below",
    lambda line, context: line.subs({squares: n_in * length, fourths: n_in**2 * fourth_power}),
)


# --- from a layer to the network -----------------------------------------------------------------------------------


def in_network(line: sp.Expr, below: sp.Expr) -> sp.Expr:
    """A line about one layer as a line about layer below + 1 of the network."""

    def entry(atom: sp.Indexed) -> sp.Indexed:
        base = {h: act[(below, *atom.indices)], w: W[(below + 1, *atom.indices)], b: bias[(below + 1, *atom.indices)]}
        return base[atom.base]

    moved = line.replace(lambda part: isinstance(part, sp.Indexed) and part.base in (h, w, b), entry)
    widths = {n_in: n[below], n_out: n[below + 1], weight_variance: v[below + 1], bias_variance: u[below + 1]}
    return moved.subs(widths, simultaneous=True)


def mean_and_value(theorem: Theorem) -> tuple[E, sp.Expr]:
    """The one expectation in a statement's left-hand side, which is a multiple of it, and its value."""
    statement = theorem.derivation().statement
    (mean,) = statement.left.atoms(E)
    return mean, statement.right / (statement.left / mean)


def given_layer(theorem: Theorem) -> Rule:
    """Give the expectation that a theorem speaks of its value, wherever it stands."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        derivation = theorem.derivation()
        if not context.assumed.issuperset(derivation.assumed):
            raise RuleDoesNotApply(f"{theorem.name} makes assumptions that are not made here")
        context.used.update(derivation.assumed)
        return line.xreplace(dict([mean_and_value(theorem)]))

    return Rule(f"by {theorem.name}", derive, uses=(theorem.name,), appeal=True)


def _up_to(line: sp.Expr, below: sp.Expr, context: Context) -> bool:
    """Whether a line is a function of the layers up to `below`."""
    return all(
        atom.base == act and (below - atom.indices[0]).is_nonnegative is True for atom in context.setting.atoms(line)
    )


def tower(theorem: Theorem, below: sp.Expr) -> Rule:
    """E[f X] = E[f E[X | layer below]]: what a theorem says of one layer holds given the layers below it.

    X is a function of the weights of layer below + 1 and of the activations of layer `below`, f one of the layers up to
    `below`; the weights are independent of these layers.
    """

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        derivation = theorem.derivation()
        if not context.assumed.issuperset(derivation.assumed):
            raise RuleDoesNotApply(f"{theorem.name} makes assumptions that are not made here")
        context.used.update(derivation.assumed)
        mean, one_layer = mean_and_value(theorem)
        inside, value = (in_network(line, below) for line in (mean.body, one_layer))

        def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
            if not isinstance(part, E) or not part.body.has(inside):
                return part
            rest = part.body / inside
            if not _up_to(rest, below, context):
                raise RuleDoesNotApply(f"{rest} is not a function of the layers up to {below}")
            return E(rest * value)

        return rewrite(line, visit)

    return Rule(f"tower property: given layer {below}, by {theorem.name}", derive, uses=(theorem.name,))


def over_layers(recursion: Theorem, over: sp.Symbol, last: sp.Symbol) -> Rule:
    """A one-term recursion a(i+1) = c(i) a(i), solved up to a(last)."""
    entry = recursion.derivation().statement.left.subs(over, over - 1)
    induction = by_induction(recursion, over=over)

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        assert induction.derive is not None
        return line.xreplace({entry.subs(over, last): induction.derive(entry, context).subs(over, last)})

    return replace(induction, derive=derive)


def _granted(assumption: Assumption, values: Mapping[sp.IndexedBase, Callable[[sp.Expr], sp.Expr]]) -> Rule:
    """Give entries of an array the values that a hypothesis states."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        if not context.grants(assumption):
            raise RuleDoesNotApply(f"'{assumption.name}' is not assumed")
        return rewrite(
            line,
            lambda part, distinct: (
                values[part.base](*part.indices) if isinstance(part, sp.Indexed) and part.base in values else part
            ),
        )

    return Rule(assumption.name, derive)


he_variance = _granted(HE, {v: lambda layer: 2 / n[layer - 1]})
no_biases = _granted(NO_BIASES, {u: lambda layer: sp.S.Zero})
scaled_variance = _granted(SCALED, {v: lambda layer: 2 * scale / n[layer - 1], u: lambda layer: bias_variance})


def _he_layer(line: sp.Basic, context: Context) -> sp.Basic:
    if not context.grants(HE):
        raise RuleDoesNotApply(f"'{HE.name}' is not assumed")
    return line.subs(weight_variance, 2 / n_in)


he_layer_variance = Rule(HE.name, _he_layer)


def _no_bias(line: sp.Basic, context: Context) -> sp.Basic:
    if not context.grants(NO_BIASES):
        raise RuleDoesNotApply(f"'{NO_BIASES.name}' is not assumed")
    return line.subs(bias_variance, 0)


no_bias = Rule(NO_BIASES.name, _no_bias)


def _normal_kurtosis(line: sp.Basic, context: Context) -> sp.Basic:
    if not context.grants(NORMAL_KURTOSIS):
        raise RuleDoesNotApply(f"'{NORMAL_KURTOSIS.name}' is not assumed")
    return line.subs(kurtosis, 3)


normal_kurtosis = Rule(NORMAL_KURTOSIS.name, _normal_kurtosis)
