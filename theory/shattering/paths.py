"""Path sums: the covariance of the weights of two sets of paths counts the paths they share.

A path k through L layers of units is a sequence a_{k,1}, ..., a_{k,L} of units, one a layer; its weight is the product of
the L - 1 weights it passes, and p_W(A) is the sum of the weights of the paths in a set A:

    p_W(A) = sum_{k in A} prod_{l=1}^{L-1} W^l_{a_{k,l}, a_{k,l+1}},      E p_W(A) p_W(B) = |A n B| sigma^{2(L-1)}.

Two different paths part at some unit, so in some layer they pass different weights; each occurs once and has mean 0.
In a residual network a path passes the weights of a set F_k of layers and stays at its unit in the others; then

    E p_W(A) p_W(B) = sum_{k in A n B} sigma^{2 |F_k|}.

Different paths that pass no weight at all have weight 1 each, so the residual identity needs paths with one common end.
Reference: balduzzi2017, lemmas A1 to A3.
Assumptions: independent weights of mean 0 and variance sigma^2; the sets do not depend on the weights.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import sympy as sp

from theory.probability.calculus import linearity
from theory.probability.expectation import E
from theory.probability.models import Enumeration
from theory.probability.setting import Assumption, Definition, Family, Instance, Setting
from theory.proof.library import theorem
from theory.proof.rules import Context, Rule, RuleDoesNotApply, algebra, definition, rewrite
from theory.proof.theorem import Chain, Proof
from theory.symbols import L, k, l

W, weight, total = sp.IndexedBase("W"), sp.IndexedBase("w"), sp.IndexedBase("p")  # w[k], p[c] for the sets c = 1, 2
unit = sp.IndexedBase("a", integer=True, positive=True)  # a[k, l], the unit of path k in layer l
chosen = sp.IndexedBase("chi")  # chi[c, k] is 1 if path k is in set c, else 0
passes = sp.IndexedBase("F")  # F[k, l] is 1 if path k passes a weight between layers l and l + 1, else 0
P = sp.Symbol("P", integer=True, positive=True)  # the number of paths
sigma = sp.Symbol("sigma", positive=True)
c = sp.Symbol("c", integer=True, positive=True)
o = sp.Symbol("k'", integer=True, positive=True)

WEIGHTS = Assumption(
    "independent weights",
    "the weights are independent with mean 0 and variance sigma^2",
    lambda model: (
        model.evaluate(E(W[1, 1, 1] ** 2) - sigma**2) == 0
        and model.evaluate(E(W[1, 1, 1])) == model.evaluate(E(W[1, 1, 1] * W[1, 1, 2])) == 0
    ),
)


def _paths(model: Enumeration, visible: bool) -> list[tuple[int, ...]]:
    """The units of every path and, in a residual network, the layers whose weights it passes."""
    arrays, depth = model.instance.arrays, model.instance.values[L]
    return [
        (
            *(arrays[unit](path, layer) for layer in range(1, depth + 1)),
            *((arrays[passes](path, layer) for layer in range(1, depth)) if visible else ()),
        )
        for path in range(1, model.instance.values[P] + 1)
    ]


def _all_different(paths: list[tuple[int, ...]]) -> bool:
    return len(set(paths)) == len(paths)


def _one_end(model: Enumeration) -> bool:
    depth = model.instance.values[L]
    return len({path[depth - 1] for path in _paths(model, True)}) == 1


DIFFERENT = Assumption(
    "different paths", "no two numbers stand for one path", lambda model: _all_different(_paths(model, False))
)
RESIDUAL = Assumption(
    "different residual paths",
    "no two numbers stand for one path; a path keeps its unit where it passes no weight; all paths end in one unit",
    lambda model: _all_different(_paths(model, True)) and _one_end(model),
)

_edge = W[l, unit[k, l], unit[k, l + 1]]
_plain = Definition("the weight of a path", weight[k], sp.Product(_edge, (l, 1, L - 1)), (k,))
_residual = Definition(
    "the weight of a residual path",
    weight[k],
    sp.Product(passes[k, l] * _edge + 1 - passes[k, l], (l, 1, L - 1)),
    (k,),
)
_sum = Definition("the weight of a set of paths", total[c], sp.Sum(chosen[c, k] * weight[k], (k, 1, P)), (c,))
_weights = Family(
    W,
    span=lambda layer, *units: (layer, layer),
    independent=WEIGHTS,
    independent_entries=WEIGHTS,
    mean_zero=WEIGHTS,
    identical=WEIGHTS,
    second=lambda *at: sigma**2,
    law_of=lambda *at: (),
)
_families = (_weights, *(Family(base, span=lambda *at: (-sp.oo, sp.oo)) for base in (weight, total)))


def _instance(paths: list[tuple[int, ...]], depth: int) -> Instance:
    """Sets of every path but each third, and of every path but each second."""
    return Instance(
        {L: depth, P: len(paths), sigma: 3},
        {
            unit: lambda path, layer: paths[path - 1][layer - 1],
            passes: lambda path, layer: paths[path - 1][depth + layer - 1],
            chosen: lambda which, path: int(path % (4 - which) != 0),
        },
        {W: lambda *at: ((3, 1), (-3, 1))},
    )


def _residual_paths(depth: int, width: int) -> list[tuple[int, ...]]:
    """All residual paths to unit 1 of the last layer: units, then which weights are passed."""
    units = product(range(1, width + 1), repeat=depth - 1)
    every = [(*path, 1, *passed) for path in units for passed in product((0, 1), repeat=depth - 1)]
    return [path for path in every if all(path[depth + at] or path[at] == path[at + 1] for at in range(depth - 1))]


def _all_paths(depth: int, width: int) -> list[tuple[int, ...]]:
    return list(product(range(1, width + 1), repeat=depth))


def _setting(name: str, path: Definition, of: Callable[[int, int], list[tuple[int, ...]]]) -> Setting:
    shapes = ((2, 2), (3, 2), (2, 3), (3, 1))
    return Setting(name, _families, (_sum, path), instances=tuple(_instance(of(*at), at[0]) for at in shapes))


feedforward = _setting("paths of a feed-forward network", _plain, _all_paths)
residual = _setting("paths of a residual network", _residual, _residual_paths)


# --- rules --------------------------------------------------------------------------------------------------


def _pairs(line: sp.Basic, context: Context) -> sp.Basic:
    """A product of two sums over paths as a double sum."""

    def visit(part: sp.Basic, distinct: object) -> sp.Basic:
        sums = [f for f in sp.Mul.make_args(part.body) if isinstance(f, sp.Sum)] if isinstance(part, E) else []
        if len(sums) != 2 or sums[0].limits != sums[1].limits:
            return part
        first, second = (each.function for each in sums)
        body = first * second.subs(k, o)
        return E(sp.Sum(body, (o, 1, P), (k, 1, P)))

    return rewrite(line, visit)


double_sum = Rule("multiply the sums out", _pairs)


def _layers(line: sp.Basic, context: Context) -> sp.Basic:
    """The mean of a product over layers is the product of the layers' means."""

    def visit(part: sp.Basic, distinct: object) -> sp.Basic:
        factors = list(sp.Mul.make_args(part.body)) if isinstance(part, E) else []
        if len(factors) != 2 or not all(isinstance(f, sp.Product) and f.limits == factors[0].limits for f in factors):
            return part
        if not context.grants(WEIGHTS):
            raise RuleDoesNotApply("independent weights are not assumed")
        return sp.Product(E(sp.expand(factors[0].function * factors[1].function)), *factors[0].limits)

    return rewrite(line, visit)


layers_apart = Rule("the layers are independent", _layers)


def _two_weights(line: sp.Basic, context: Context) -> sp.Basic:
    """E W = 0, and E W_{a,b} W_{a',b'} in one layer is sigma^2 where both units are the same, else 0."""

    def visit(part: sp.Basic, distinct: object) -> sp.Basic:
        atoms = list(sp.Mul.make_args(part.body)) if isinstance(part, E) else []
        if not atoms or any(getattr(atom, "base", None) != W for atom in atoms) or not context.grants(WEIGHTS):
            return part
        (layer, *ends), (other, *others) = (atom.indices for atom in (atoms[0], atoms[-1]))
        if len(atoms) > 2 or layer != other:
            return part
        alike = sp.Mul(*(sp.KroneckerDelta(a, b) for a, b in zip(ends, others, strict=True)))
        return sigma**2 * alike if len(atoms) == 2 else sp.S.Zero

    return rewrite(line, visit)


two_weights = Rule("different weights are independent of mean 0", _two_weights)


def _part(assumption: Assumption, pair: sp.Expr, one: sp.Expr) -> Rule:
    """The product over layers for a pair of paths vanishes unless they are the same, so one sum remains."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        if not context.grants(assumption):
            raise RuleDoesNotApply(f"'{assumption.name}' is not assumed")

        def visit(part: sp.Basic, distinct: object) -> sp.Basic:
            if not isinstance(part, sp.Sum) or part.limits != ((o, 1, P), (k, 1, P)) or not part.function.has(pair):
                return part
            return sp.Sum(part.function.xreplace({pair: one}).subs(o, k), (k, 1, P))

        return rewrite(line, visit)

    return Rule("different paths pass different weights", derive)


# --- the lemmas ---------------------------------------------------------------------------------------------

_same = sp.KroneckerDelta(unit[k, l], unit[o, l]) * sp.KroneckerDelta(unit[k, l + 1], unit[o, l + 1])
_both = passes[k, l] * passes[o, l]
_neither = (1 - passes[k, l]) * (1 - passes[o, l])


def _overlap(p: Proof, path: Definition, assumption: Assumption, pair: sp.Expr, one: sp.Expr) -> Chain:
    """E p(1) p(2), where a layer contributes `pair` to a pair of paths and `one` to a path met twice."""
    p.assume(WEIGHTS, assumption)
    sums = [sp.Sum(chosen[which, k] * path.body, (k, 1, P)) for which in (1, 2)]
    double = (o, 1, P), (k, 1, P)
    selected = chosen[1, k] * chosen[2, o]
    mean = E(sp.expand(path.body.function * path.body.function.subs(k, o)))
    layers = (l, 1, L - 1)
    of_pair, of_one = sp.Product(pair, layers), sp.Product(one, layers)
    return p.calc(
        E(total[1] * total[2]),
        *("=", E(sums[0] * sums[1]), definition(_sum) & definition(path)),
        *("=", sp.Sum(selected * sp.Product(mean, layers), *double), double_sum & linearity & layers_apart),
        *("=", sp.Sum(selected * of_pair, *double), linearity & two_weights),
        *("=", sp.Sum(chosen[1, k] * chosen[2, k] * of_one, (k, 1, P)), _part(assumption, of_pair, of_one)),
    )


@theorem("shattering.path_overlap", source="balduzzi2017, lemmas A1 and A2", setting=feedforward)
def path_overlap(p: Proof) -> Chain:
    """E p_W(A) p_W(B) is the number of paths in both sets, times sigma^(2(L - 1))."""
    chain = _overlap(p, _plain, DIFFERENT, sigma**2 * _same, sigma**2)
    count = sp.Sum(chosen[1, k] * chosen[2, k], (k, 1, P))
    return chain + p.calc(chain.right, "=", count * sigma ** (2 * (L - 1)), algebra)


@theorem("shattering.residual_path_overlap", source="balduzzi2017, lemma A3", setting=residual)
def residual_path_overlap(p: Proof) -> Chain:
    """E p_W(A) p_W(B) in a residual network: every path in both sets counts sigma^2 for each weight it passes."""
    pair = _both * sigma**2 * _same + _neither
    return _overlap(p, _residual, RESIDUAL, pair, passes[k, l] * sigma**2 + 1 - passes[k, l])
