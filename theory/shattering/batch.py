"""Batch normalisation and co-activation: centred over a batch of m inputs, co-activation does not depend on the depth.

In a deep rectifier network the pre-activations of all inputs become alike: a unit sees S_i = A U + B X_i for input i, a
common part and one of the input's own.  Batch normalisation subtracts the mean over the batch, and A U with it.  What is
left has

    Var T_i = B^2 (1 - 1/m),    Cov(T_i, T_j) = -B^2/m,    correlation -1/(m - 1),

whatever A and B are.  Division by the batch's deviation, which is positive, changes no sign, so for jointly normal
pre-activations

    P(unit active for inputs i and j) = 1/4 - arcsin(1/(m - 1))/(2 pi):

a quarter up to terms of order 1/m, where without normalisation co-activation climbs to a half
(`shattering.coactivation_climbs`).
Reference: balduzzi2017, section 2 (measured there).
Assumptions: jointly normal pre-activations with one correlation for all pairs of inputs; learned shift 0.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from theory.probability.calculus import identical_law, independence, linearity, zero_mean
from theory.probability.expectation import E
from theory.probability.setting import Assumption, Definition, Family, Instance, Setting
from theory.proof.domains import Integers
from theory.proof.library import theorem
from theory.proof.rules import Context, Rule, algebra, by_theorem, definition
from theory.proof.theorem import Chain, Parameter, Proof
from theory.shattering.coactivation import COACTIVE, coactivation
from theory.shattering.rules import multiply_out
from theory.symbols import i, j, k, rho

# [0, 1] and [0, 2] are the two inputs compared, [1, j] the m - 2 others: S pre-activations, T centred ones
X, U, S, T = (sp.IndexedBase(name) for name in ("X", "U", "S", "T"))
A, B = sp.symbols("A B", positive=True)
m = sp.Symbol("m", integer=True, positive=True)  # the size of the batch
BATCH = Parameter("batch", Integers(2), m)

ONE_CORRELATION = Assumption(
    "one correlation for all pairs",
    "S_i = A U + B X_i for every input i of the batch, the X_i independent with mean 0 and variance 1",
    lambda model: (
        model.evaluate(E(X[0, 1])) == model.evaluate(E(X[0, 1] * X[0, 2])) == 0 and model.evaluate(E(X[0, 1] ** 2)) == 1
    ),
)
JOINTLY_NORMAL = Assumption("normal pre-activations", "U and the X_i are normal, so the S_i are jointly normal", None)
_pre_activation = Definition("the pre-activation for input i", S[i, j], A * U[1] + B * X[i, j], (i, j))


def _mean(of: sp.IndexedBase) -> sp.Expr:
    """The mean over the batch."""
    return (of[0, 1] + of[0, 2] + sp.Sum(of[1, k], (k, 1, m - 2))) / m


_centred = Definition("centring over the batch", T[i, j], S[i, j] - _mean(S), (i, j))
_own = Family(
    X,
    span=lambda *at: (0, 0),
    independent_entries=ONE_CORRELATION,
    mean_zero=ONE_CORRELATION,
    identical=ONE_CORRELATION,
    second=lambda *at: sp.S.One,
    law_of=lambda *at: (),
)
_others = tuple(Family(base, span=lambda *at: (0, 1)) for base in (U, S, T))
batch = Setting(
    "a batch of m inputs",
    (_own, *_others),
    (_pre_activation, _centred),
    instances=tuple(
        Instance(
            {m: size, A: Fraction(3), B: Fraction(2, 3)},
            laws={X: lambda *at: ((-1, 1), (1, 1)), U: lambda *at: ((2, 1), (5, 1))},
        )
        for size in (2, 3, 4)
    ),
)

_first, _second = (B * (X[0, at] - _mean(X)) for at in (1, 2))


_to_own_parts = definition(_centred) & definition(_pre_activation)
_average = multiply_out & linearity & independence & zero_mean & identical_law


@theorem("shattering.centred_correlation", source="Initium", setting=batch, parameters=(BATCH,))
def centred_correlation(p: Proof) -> Chain:
    """The correlation of two equally correlated pre-activations after centring over a batch of m inputs."""
    p.assume(ONE_CORRELATION)
    return p.calc(
        E(T[0, 1] * T[0, 2]) / E(T[0, 1] ** 2),
        *("=", E(_first * _second) / E(_first**2), _to_own_parts),
        *("=", (-(B**2) / m) / (B**2 * (1 - 1 / m)), _average),
        *("=", -1 / (m - 1), algebra),
    )


@theorem("shattering.normalized_coactivation", source="balduzzi2017, section 2", setting=batch, parameters=(BATCH,))
def normalized_coactivation(p: Proof) -> Chain:
    """The probability that a rectifier behind batch normalisation is active for both of two inputs of a batch of m."""
    p.assume(ONE_CORRELATION, JOINTLY_NORMAL)
    centred = centred_correlation.derivation().statement
    at = {rho: centred.right}
    both = coactivation.derivation().statement.left

    def inserted(line: sp.Basic, context: Context) -> sp.Basic:
        known = line == both.subs(rho, centred.left) and context.grants((ONE_CORRELATION, JOINTLY_NORMAL))
        return both.subs(at) if known else line

    name = f"by {centred_correlation.name}, signs being kept by the division"
    insert = Rule(name, inserted, uses=(centred_correlation.name,), appeal=True)
    return p.calc(
        both.subs(rho, centred.left),
        *("=", both.subs(at), insert),
        *("=", COACTIVE.subs(at), by_theorem(coactivation, at=at)),
    )
