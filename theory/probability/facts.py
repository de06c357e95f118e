"""Gaussian and chi-square facts, from the normal density up.

X_1, X_2, ... are independent standard normal.  With S_k = X_1^2 + ... + X_k^2 (chi-square with k degrees of freedom):

    E exp(-s X^2) = (1 + 2s)^(-1/2),    E exp(-s S_k) = (1 + 2s)^(-k/2),
    E ln S_k = psi(k/2) + ln 2,         E (ln S_k)^2 = psi'(k/2) + (psi(k/2) + ln 2)^2.

Logarithms come from the transform.  If T is exponential and independent of X > 0, then P(ln(T/X) > y) = E exp(-e^y X),
and the tail formulas for the first two moments of ln(T/X), minus those of ln T, give

    E ln X = -int (E exp(-e^y X) - exp(-e^y)) dy,    E (ln X)^2 = 2 int (y + gamma)(E exp(-e^y X) - exp(-e^y)) dy.

These integrals converge like their integrands' exponential tails at any number of units, where sums over units do not.
"""

from __future__ import annotations

import sympy as sp

from theory.probability.expectation import E, Given
from theory.probability.setting import Assumption, Family, Instance, Setting
from theory.proof.domains import Integers, Reals
from theory.proof.library import theorem
from theory.proof.nodes import DominatedIntegral
from theory.proof.rules import Context, Rule, RuleDoesNotApply, by_theorem, rewrite
from theory.proof.theorem import Chain, Parameter, Proof
from theory.symbols import i, k, s

_QUARTER = sp.Rational(1, 4)
Pairs = frozenset[frozenset[sp.Basic]]

x = sp.IndexedBase("X")
t, y = sp.symbols("t y", real=True)

STANDARD_NORMAL = Assumption(
    "standard normal variables",
    "X_1, X_2, ... are independent and standard normal",
    None,
)
INDEPENDENT_COPIES = Assumption(
    "independent copies",
    "X_1, X_2, ... are independent with one law",
    lambda model: model.evaluate(E(x[1] * x[2])) == model.evaluate(E(x[1])) * model.evaluate(E(x[2])),
)


def normal_family(base: sp.IndexedBase, assumption: Assumption, variance: sp.Expr, layer: int) -> Family:
    """Independent N(0, variance) entries base[indices], all functions of one layer, where the assumption is made."""
    return Family(
        base,
        span=lambda *indices: (layer, layer),
        independent=assumption,
        independent_entries=assumption,
        symmetric=assumption,
        gaussian=assumption,
        identical=assumption,
        second=lambda *indices: variance,
        moment=lambda power, *indices: (
            sp.S.Zero if power % 2 else sp.factorial2(power - 1) * variance ** (sp.S(power) / 2)
        ),
        law_of=lambda *indices: (),
    )


copies = Family(
    x,
    span=lambda unit: (0, 0),
    independent_entries=INDEPENDENT_COPIES,
    identical=INDEPENDENT_COPIES,
    law_of=lambda unit: (),
)
normal_entries = normal_family(x, STANDARD_NORMAL, sp.S.One, layer=0)

gaussian = Setting("standard normal variables", (normal_entries,), instances=tuple(Instance({k: c}) for c in (1, 2, 3)))
any_law = Setting(
    "independent copies of any law",
    (copies,),
    instances=tuple(
        Instance({k: c}, laws={x: lambda unit: ((1, 1), (-2, 2), (3, 1))[: 2 + (unit == 1)]}) for c in (1, 2)
    ),
)


# --- rules ---------------------------------------------------------------------------------------------------------


def over_density(scale: sp.Expr) -> Rule:
    """Write the expectation of a function of one standard normal variable as an integral against its density.

    scale: with it, scale * exp(-|t|) dominates the function times the density; since exp(-t^2/2) <= exp(1/2 - |t|), a
    function bounded by B has scale B exp(1/2)/sqrt(2 pi).
    """

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        if not context.grants(STANDARD_NORMAL):
            raise RuleDoesNotApply("no standard normal variables are assumed")

        def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
            atoms = part.body.atoms(sp.Indexed) if isinstance(part, E) else set()
            if len(atoms) != 1 or next(iter(atoms)).base != x:
                return part
            density = sp.exp(-(t**2) / 2) / sp.sqrt(2 * sp.pi)
            return DominatedIntegral(part.body.xreplace({atoms.pop(): t}) * density, (t, -sp.oo, sp.oo), scale, 1)

        return rewrite(line, visit)

    return Rule("density of the normal law", derive)


def _complete_square(line: sp.Basic, context: Context) -> sp.Basic:
    """The integral over the line of c exp(-A t^2) is c sqrt(pi/A)."""

    def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
        if not isinstance(part, DominatedIntegral) or (part.lower, part.upper) != (-sp.oo, sp.oo):
            return part
        constant, bell = sp.powsimp(part.body).as_independent(part.variable, as_Add=False)
        exponent = sp.expand(bell.args[0]) if isinstance(bell, sp.exp) else sp.nan
        rate = -exponent.coeff(part.variable, 2)
        if not rate.is_positive or sp.expand(exponent + rate * part.variable**2) != 0:
            raise RuleDoesNotApply(f"{part.body} is no centred Gaussian")
        return constant * sp.sqrt(sp.pi / rate)

    return rewrite(line, visit)


gaussian_integral = Rule("Gaussian integral", _complete_square)


def _product_of_transforms(line: sp.Basic, context: Context) -> sp.Basic:
    """E exp(sum of functions of separate entries) is the product of the E exp."""

    def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
        if not isinstance(part, E) or not isinstance(part.body, sp.exp):
            return part
        exponent = part.body.args[0]
        sums = [factor for factor in sp.Mul.make_args(exponent) if isinstance(factor, sp.Sum)]
        if len(sums) != 1 or context.setting.random(exponent / sums[0]):
            return part
        index, *limits = sums[0].limits[0]
        for atom in context.setting.atoms(sums[0].function):
            family = context.setting.family(atom)
            if family is None or index not in atom.indices or not context.grants(family.independent_entries):
                raise RuleDoesNotApply(f"the terms of {sums[0]} are not known to be independent")
        return sp.Product(E(sp.exp(exponent / sums[0] * sums[0].function)), (index, *limits))

    return rewrite(line, visit)


product_of_transforms = Rule("independence of the terms", _product_of_transforms)


def _representative(line: sp.Basic, context: Context) -> sp.Basic:
    """Within one expectation, entries with one common index may take index 1 if their law does not depend on it."""

    def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
        atoms = context.setting.atoms(part) if isinstance(part, E) else set()
        if len({atom.indices for atom in atoms}) != 1:
            return part
        if not all(context.grants(f.identical) for atom in atoms if (f := context.setting.family(atom)) is not None):
            return part
        return part.xreplace({atom: atom.base[1] for atom in atoms})

    return rewrite(line, visit)


same_law = Rule("one law for all entries", _representative)


def _transformed(line: sp.Basic, power: int, kernel: sp.Expr, scale: sp.Expr, rate: sp.Expr) -> sp.Basic:
    """Replace E[(ln X)^power] by the integral of kernel times the difference of transforms."""

    def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
        if not isinstance(part, (E, Given)):
            return part
        base, exponent = part.body.as_base_exp()
        if not isinstance(base, sp.log) or exponent != power:
            return part
        transform = part.func(sp.exp(-sp.exp(y) * base.args[0]), *part.args[1:])
        sign, varying = kernel.as_independent(y) if power == 1 else (sp.S.One, kernel)
        return sign * DominatedIntegral(varying * (transform - sp.exp(-sp.exp(y))), (y, -sp.oo, sp.oo), scale, rate)

    return rewrite(line, visit)


def logarithm_by_transform(scale: sp.Expr, rate: sp.Expr = sp.S.Half) -> Rule:
    """E ln X = -int (E exp(-e^y X) - exp(-e^y)) dy for X > 0; scale and rate majorise the integrand."""
    return Rule(
        "E ln X by the transform of X",
        lambda line, context: _transformed(line, 1, sp.S.NegativeOne, scale, rate),
        uses=("probability.logarithm_by_transform",),
        appeal=True,
    )


def squared_logarithm_by_transform(scale: sp.Expr, rate: sp.Expr = _QUARTER) -> Rule:
    """E (ln X)^2 = 2 int (y + gamma)(E exp(-e^y X) - exp(-e^y)) dy for X > 0."""
    kernel = 2 * (y + sp.EulerGamma)
    return Rule(
        "E (ln X)² by the transform of X",
        lambda line, context: _transformed(line, 2, kernel, scale, rate),
        uses=("probability.squared_logarithm_by_transform",),
        appeal=True,
    )


def known_integral(name: str) -> Rule:
    """An integral whose value no rewriting confirms: it stands only as far as enclosures of both sides agree."""
    return Rule(name, None, kind="computed")


# --- theorems ------------------------------------------------------------------------------------------------------

_UNITS = Parameter("k", Integers(1), k)
_RATE = Parameter("s", Reals(0, open_low=True), s)
_squares = sp.Sum(x[i] ** 2, (i, 1, k))


@theorem("probability.gaussian_transform", source="feller1971", setting=gaussian, parameters=(_RATE,))
def gaussian_transform(p: Proof) -> Chain:
    """The Laplace transform of a squared standard normal variable."""
    p.assume(STANDARD_NORMAL)
    scale = sp.exp(sp.Rational(1, 2)) / sp.sqrt(2 * sp.pi)
    integral = DominatedIntegral(
        sp.exp(-s * t**2) * sp.exp(-(t**2) / 2) / sp.sqrt(2 * sp.pi), (t, -sp.oo, sp.oo), scale, 1
    )
    return p.calc(
        E(sp.exp(-s * x[1] ** 2)),
        *("=", integral, over_density(scale)),
        *("=", 1 / sp.sqrt(1 + 2 * s), gaussian_integral),
    )


@theorem("probability.chi_square_transform", source="feller1971", setting=gaussian, parameters=(_UNITS, _RATE))
def chi_square_transform(p: Proof) -> Chain:
    """The Laplace transform of a sum of k squared standard normal variables."""
    p.assume(STANDARD_NORMAL)
    return p.calc(
        E(sp.exp(-s * _squares)),
        *("=", sp.Product(E(sp.exp(-s * x[i] ** 2)), (i, 1, k)), product_of_transforms),
        *("=", E(sp.exp(-s * x[1] ** 2)) ** k, same_law),
        *("=", (1 + 2 * s) ** (-sp.S(k) / 2), by_theorem(gaussian_transform)),
    )


def _in_any_law(p: Proof, power: int, kernel: sp.Expr, name: str) -> Chain:
    """The transform formula as a step of its own, judged in finite probability spaces."""
    scale, rate = sp.S(40), sp.Rational(1, 4)  # the instances have 1 <= S and E S < 10
    line = E(sp.log(_squares) ** power)
    rule = Rule(name, lambda line, context: _transformed(line, power, kernel, scale, rate))
    return p.calc(line, "=", _transformed(line, power, kernel, scale, rate), rule)


@theorem("probability.logarithm_by_transform", source="feller1971", setting=any_law)
def mean_logarithm(p: Proof) -> Chain:
    """The mean logarithm of a positive variable from its Laplace transform (Frullani's integral)."""
    return _in_any_law(p, 1, sp.S.NegativeOne, "Frullani's integral, then exchange with the mean")


@theorem("probability.squared_logarithm_by_transform", source="feller1971", setting=any_law)
def mean_squared_logarithm(p: Proof) -> Chain:
    """The mean squared logarithm of a positive variable from its Laplace transform."""
    kernel = 2 * (y + sp.EulerGamma)
    return _in_any_law(p, 2, kernel, "tail formula for the second moment of ln T - ln X, T exponential")


# |exp(-e^y S) - exp(-e^y)| transforms: for y < 0 at most (1 + k) e^y; for y > 0 at most (2 e^y)^(-1/2) as k >= 1
_SCALE, _HALF = 2 + k, sp.Rational(1, 2)


@theorem("probability.chi_square_log_mean", source="johnson1994", setting=gaussian, parameters=(_UNITS,))
def chi_square_log_mean(p: Proof) -> Chain:
    """The mean logarithm of a chi-square variable with k degrees of freedom."""
    p.assume(STANDARD_NORMAL)
    difference = E(sp.exp(-sp.exp(y) * _squares)) - sp.exp(-sp.exp(y))
    known = (1 + 2 * sp.exp(y)) ** (-sp.S(k) / 2) - sp.exp(-sp.exp(y))
    line = (y, -sp.oo, sp.oo)
    return p.calc(
        E(sp.log(_squares)),
        *("=", -DominatedIntegral(difference, line, _SCALE, _HALF), logarithm_by_transform(_SCALE)),
        *("=", -DominatedIntegral(known, line, _SCALE, _HALF), by_theorem(chi_square_transform, at={s: sp.exp(y)})),
        *("=", sp.polygamma(0, sp.S(k) / 2) + sp.log(2), known_integral("Gauss' integral for psi")),
    )


@theorem("probability.chi_square_log_square", source="johnson1994", setting=gaussian, parameters=(_UNITS,))
def chi_square_log_square(p: Proof) -> Chain:
    """The mean squared logarithm of a chi-square variable with k degrees of freedom."""
    p.assume(STANDARD_NORMAL)
    kernel, line, quarter = 2 * (y + sp.EulerGamma), (y, -sp.oo, sp.oo), sp.Rational(1, 4)
    scale = 4 * _SCALE  # |2 (y + gamma)| <= 4 exp(|y|/4)
    difference = E(sp.exp(-sp.exp(y) * _squares)) - sp.exp(-sp.exp(y))
    known = (1 + 2 * sp.exp(y)) ** (-sp.S(k) / 2) - sp.exp(-sp.exp(y))
    mean = sp.polygamma(0, sp.S(k) / 2) + sp.log(2)
    return p.calc(
        E(sp.log(_squares) ** 2),
        *("=", DominatedIntegral(kernel * difference, line, scale, quarter), squared_logarithm_by_transform(scale)),
        *(
            "=",
            DominatedIntegral(kernel * known, line, scale, quarter),
            by_theorem(chi_square_transform, at={s: sp.exp(y)}),
        ),
        *("=", sp.polygamma(1, sp.S(k) / 2) + mean**2, known_integral("second derivative of ln Gamma")),
    )
