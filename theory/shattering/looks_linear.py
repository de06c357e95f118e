"""Initialisations under which gradients do not shatter: mirrored concatenated rectifiers and orthogonal convolutions.

A concatenated rectifier hands on both parts of its input, (max(x, 0), max(-x, 0)).  Behind it a mirrored block (W, -W) gives

    W max(x, 0) - W max(-x, 0) = W x,

so a network of such layers is linear at initialisation: its gradient is the same at all inputs.  With orthogonal W every
layer keeps the norm of every vector, so all singular values of the network's Jacobian are 1.  The same holds for a
convolution whose kernel is 0 but for an orthonormal matrix at its centre: the padding is never met, and each position is
multiplied by that matrix.
Reference: balduzzi2017, section 4.
Assumptions: orthonormal columns where an isometry is claimed; stride 1, padding that keeps the number of positions.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from theory.probability.calculus import square_of_sum
from theory.probability.integrals import differentiate, select_term
from theory.probability.models import Enumeration
from theory.probability.setting import Assumption, Definition, Family, Instance, Setting
from theory.proof.domains import Integers
from theory.proof.library import theorem
from theory.proof.nodes import PairSum
from theory.proof.rules import Context, Rule, RuleDoesNotApply, by_theorem, definition, rewrite
from theory.proof.theorem import Chain, Proof
from theory.symbols import N, j, k, l

W = sp.IndexedBase("W", real=True)  # W[k, l], to unit k from unit l
K = sp.IndexedBase("K", real=True)  # K[q, k, l], the same at place q of a kernel
x = sp.IndexedBase("x", real=True)  # x[l]
z = sp.IndexedBase("z", real=True)  # z[p, l], padded positions p
o = sp.Symbol("l'", integer=True, positive=True)
q = sp.Symbol("q", integer=True, nonnegative=True)  # a place in the kernel, 0..2 radius
radius, positions = sp.symbols("r P", integer=True, positive=True)
p_ = sp.Symbol("p", integer=True, positive=True)  # a position of the output; its own input stands at p + radius

_ORTHONORMAL = {
    1: ((Fraction(-1),),),
    2: ((Fraction(3, 5), Fraction(4, 5)), (Fraction(-4, 5), Fraction(3, 5))),
    3: tuple(tuple(Fraction(entry, 3) for entry in row) for row in ((2, -2, 1), (1, 2, 2), (2, 1, -2))),
}


def _columns_are_orthonormal(model: Enumeration) -> bool:
    units = range(1, model.instance.values[N] + 1)
    return all(model.evaluate(sp.Sum(W[k, a] * W[k, b], (k, 1, N))) == int(a == b) for a in units for b in units)


ORTHONORMAL = Assumption(
    "orthonormal weights", "the columns of W have length 1 and are orthogonal", _columns_are_orthonormal
)

_kernel = Definition("the kernel: W at its centre", K[q, k, l], sp.KroneckerDelta(q, radius) * W[k, l], (q, k, l))
_vectors = tuple(Family(base, span=lambda *at: (0, 0)) for base in (x, z))


def _instance(width: int) -> Instance:
    return Instance(
        {N: width, k: 1, j: width, radius: 1, positions: width % 2 + 1},
        {W: lambda row, column: _ORTHONORMAL[width][row - 1][column - 1]},
    )


layer = Setting("one orthonormal layer", _vectors, (_kernel,), instances=tuple(map(_instance, _ORTHONORMAL)))

_mirrored = sp.Sum(W[k, l] * sp.Max(x[l], 0) + (-W[k, l]) * sp.Max(-x[l], 0), (l, 1, N))
_linear = sp.Sum(W[k, l] * x[l], (l, 1, N))


def _parts(line: sp.Basic, context: Context) -> sp.Basic:
    """max(t, 0) = t + max(-t, 0)."""
    return line.xreplace({sp.Max(x[l], 0): x[l] + sp.Max(-x[l], 0)})


positive_part = Rule("t = max(t, 0) - max(-t, 0)", _parts)


def _orthonormal(line: sp.Basic, context: Context) -> sp.Basic:
    """sum_k (sum_l W_{k,l} t_l)^2 = sum_l t_l^2: exchange the sums over k and over pairs of units."""

    def visit(part: sp.Basic, distinct: object) -> sp.Basic:
        if not isinstance(part, sp.Sum) or part.limits[0] != sp.Tuple(k, 1, N):
            return part
        squares = [term for term in sp.Add.make_args(part.function) if isinstance(term, sp.Sum)]
        entry = squares[0].function / W[k, l] ** 2 if len(squares) == 1 else sp.nan
        root = entry.as_base_exp()[0]
        pairs = PairSum(W[k, l] * W[k, o] * root * root.subs(l, o), l, o, N)
        if entry != root**2 or root.has(k) or part.function != squares[0] + pairs or not context.grants(ORTHONORMAL):
            raise RuleDoesNotApply(f"{part.function} is no squared entry of an orthonormal image")
        return sp.Sum(entry, *squares[0].limits, *part.limits[1:])

    return rewrite(line, visit)


orthonormal_columns = Rule("columns of length 1, orthogonal", _orthonormal)


@theorem("shattering.looks_linear", source="balduzzi2017, section 4", setting=layer)
def looks_linear(p: Proof) -> Chain:
    """A mirrored block (W, -W) behind a concatenated rectifier is linear: it multiplies by W."""
    p.let(N, Integers(1, 3))
    p.let(k, Integers(1, 3))
    p.array(W, lambda row, column: Fraction(2 * row - 3, column + 2))
    p.array(x, lambda unit: Fraction((-1) ** unit, unit))
    return p.calc(_mirrored, "=", _linear, positive_part)


@theorem("shattering.orthonormal_layer", source="balduzzi2017, section 4; saxe2014", setting=layer)
def orthonormal_layer(p: Proof) -> Chain:
    """Multiplying by a matrix with orthonormal columns keeps the length of every vector."""
    p.assume(ORTHONORMAL)
    equal = sp.Sum(W[k, l] ** 2 * x[l] ** 2, (l, 1, N))
    pairs = PairSum(W[k, l] * W[k, o] * x[l] * x[o], l, o, N)
    return p.calc(
        sp.Sum(_linear**2, (k, 1, N)),
        *("=", sp.Sum(equal + pairs, (k, 1, N)), square_of_sum),
        *("=", sp.Sum(x[l] ** 2, (l, 1, N)), orthonormal_columns),
    )


@theorem("shattering.looks_linear_isometry", source="balduzzi2017, section 4", setting=layer)
def looks_linear_isometry(p: Proof) -> Chain:
    """A mirrored block with orthonormal W keeps the length of every vector: all its singular values are 1."""
    p.assume(ORTHONORMAL)
    return p.calc(
        sp.Sum(_mirrored**2, (k, 1, N)),
        *("=", sp.Sum(_linear**2, (k, 1, N)), by_theorem(looks_linear)),
        *("=", sp.Sum(x[l] ** 2, (l, 1, N)), by_theorem(orthonormal_layer)),
    )


@theorem("shattering.looks_linear_gradient", source="balduzzi2017, section 4", setting=layer)
def looks_linear_gradient(p: Proof) -> Chain:
    """The derivative of a mirrored block is W at every input, so that gradients do not shatter."""
    return p.calc(
        sp.Derivative(_mirrored, x[j]),
        *("=", sp.Derivative(_linear, x[j]), by_theorem(looks_linear)),
        *("=", sp.Sum(W[k, l] * sp.KroneckerDelta(l, j), (l, 1, N)), differentiate({})),
        *("=", W[k, j], select_term),
    )


# --- convolutions -------------------------------------------------------------------------------------------


def _centre(line: sp.Basic, context: Context) -> sp.Basic:
    """Of the places of the kernel only the centre contributes."""

    def visit(part: sp.Basic, distinct: object) -> sp.Basic:
        delta = sp.KroneckerDelta(q, radius)
        if not isinstance(part, sp.Sum) or part.limits[0] != sp.Tuple(q, 0, 2 * radius) or not part.function.has(delta):
            return part
        return sp.Sum((part.function / delta).subs(q, radius), *part.limits[1:])

    return rewrite(line, visit)


only_the_centre = Rule("only the centre of the kernel is not 0", _centre)


@theorem("shattering.orthogonal_convolution", source="balduzzi2017, section 4; xiao2018", setting=layer)
def orthogonal_convolution(p: Proof) -> Chain:
    """A convolution whose kernel is 0 but for an orthonormal matrix at its centre keeps the length of every signal.

    Position p of the output sees the padded positions p..p + 2 radius; whatever the padding holds does not count.
    """
    p.assume(ORTHONORMAL)
    image = sp.Sum(K[q, k, l] * z[p_ + q, l], (q, 0, 2 * radius), (l, 1, N))
    inner = sp.KroneckerDelta(q, radius) * W[k, l] * z[p_ + q, l]
    at_centre = z[p_ + radius, l]
    equal = sp.Sum(W[k, l] ** 2 * at_centre**2, (l, 1, N))
    pairs = PairSum(W[k, l] * W[k, o] * at_centre * at_centre.subs(l, o), l, o, N)

    def energy(entry: sp.Expr) -> sp.Expr:
        return sp.Sum(entry, (k, 1, N), (p_, 1, positions))

    return p.calc(
        energy(image**2),
        *("=", energy(sp.Sum(inner, (q, 0, 2 * radius), (l, 1, N)) ** 2), definition(_kernel)),
        *("=", energy(sp.Sum(W[k, l] * at_centre, (l, 1, N)) ** 2), only_the_centre),
        *("=", energy(equal + pairs), square_of_sum),
        *("=", sp.Sum(at_centre**2, (l, 1, N), (p_, 1, positions)), orthonormal_columns),
    )
