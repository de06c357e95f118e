"""Rigorous evaluation: every value is a ball that contains the true one (Arb through python-flint).

Reference: johansson2017.  Integrals are enclosed by `acb.integral`; functions with a branch cut are told when the
integrator needs them analytic, without which its results would be wrong.  Integrals over an infinite range carry a majorant
C exp(-r |x|) of their integrand (`DominatedIntegral`); what lies beyond the cut-off is added to the radius.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import flint
import sympy as sp
from flint import acb, arb, fmpq, fmpz
from sympy.codegen.cfunctions import expm1, log1p

from theory.proof.interpret import Backend, Environment, UnknownNode, Value, interpret, whole
from theory.proof.nodes import ACOSPI_RATIONAL, DominatedIntegral, Iterate, acospi, log1pmx

GUARD_BITS = 32  # working bits beyond those asked for; the loop in `enclose` adds more when they do not suffice
MAXIMAL_BITS = 1 << 15
EVALUATIONS_PER_BIT = 30  # of an integrand on one piece of its range; the integrals of the library need below 10
PIECE = 8  # the length of the pieces an infinite range is cut into
DOUBLINGS = 2  # of the working precision before a judge gives up: its lines do not cancel by more


class NotEnclosed(ArithmeticError):
    """No enclosure as narrow as asked for was found."""


def _branching(name: str) -> Callable[..., acb]:
    """A function with a branch cut: analytic only off the cut, and the integrator must hear of it."""

    def function(x: acb, *, analytic: bool) -> acb:
        return getattr(x, name)(analytic=analytic)

    return function


def _power(base: acb, exponent: acb, *, analytic: bool) -> acb:
    whole = exponent.real.unique_fmpz() if exponent.imag == 0 and exponent.real.is_exact() else None
    if whole is not None and exponent.real == whole:
        return base ** int(whole)
    return base.pow(exponent, analytic=analytic)


def _log1p(x: acb, *, analytic: bool) -> acb:
    return (1 + x).log(analytic=analytic) if analytic else x.log1p()


def _atan(x: acb, *, analytic: bool) -> acb:
    """Its cuts lie on the imaginary axis beyond i and -i."""
    return acb(arb("nan")) if analytic and not abs(x.imag) < 1 else x.atan()


def _regular(function: Callable[..., Any]) -> Callable[..., acb]:
    """A meromorphic function: poles give infinite balls by themselves."""
    return lambda *args, analytic: function(*args)


def _right_half(function: Callable[..., acb]) -> Callable[..., acb]:
    """A function whose last argument has its branch cut on the negative axis: analytic surely to the right of 0."""

    def extended(*args: acb, analytic: bool) -> acb:
        return acb(arb("nan")) if analytic and not args[-1].real > 0 else function(*args)

    return extended


def _nowhere_analytic(function: Callable[[acb], acb]) -> Callable[..., acb]:
    return lambda x, analytic: acb(arb("nan")) if analytic else function(x)


def _polygamma(order: acb, x: acb) -> acb:
    return x.polygamma(order)


def _sum(*terms: acb) -> acb:
    total = acb(0)
    for term in terms:
        total += term
    return total


def _product(*factors: acb) -> acb:
    total = acb(1)
    for factor in factors:
        total *= factor
    return total


def _binomial(n: acb, k: acb) -> acb:
    exact_n, exact_k = n.real.unique_fmpz(), k.real.unique_fmpz()
    if exact_n is None or exact_k is None or exact_k < 0 or exact_n < 0:
        raise UnknownNode("a binomial coefficient needs non-negative integer arguments")
    return acb(arb.bin_uiui(int(exact_n), int(exact_k)))


def _real_only(function: Callable[..., arb]) -> Callable[..., acb]:
    """A function of real balls; on a properly complex ball it is not analytic, and says so by an infinite ball."""

    def extended(*args: acb, analytic: bool) -> acb:
        if analytic or any(x.imag != 0 for x in args):
            return acb(arb("nan"))
        return acb(function(*(x.real for x in args)))

    return extended


def _maximum(*args: arb) -> arb:
    largest = args[0]
    for x in args[1:]:
        largest = largest.max(x)
    return largest


def _minimum(*args: arb) -> arb:
    return -_maximum(*(-x for x in args))


def _acospi(x: arb) -> arb:
    """arccos(x)/pi, exactly where it is rational."""
    exact = (value for point, value in ACOSPI_RATIONAL.items() if x == arb(fmpq(int(point.p), int(point.q))))
    value = next(exact, None)
    return x.acos() / arb.pi() if value is None else arb(fmpq(int(value.p), int(value.q)))


_FUNCTIONS: dict[type, Callable[..., acb]] = {
    sp.Add: _regular(_sum),
    sp.Mul: _regular(_product),
    sp.Pow: _power,
    sp.exp: _regular(acb.exp),
    expm1: _regular(acb.expm1),
    sp.log: _branching("log"),
    log1p: _log1p,
    log1pmx: lambda x, *, analytic: _log1p(x, analytic=analytic) - x,
    sp.sin: _regular(acb.sin),
    sp.cos: _regular(acb.cos),
    sp.atan: _atan,
    acospi: _real_only(_acospi),
    sp.tanh: _regular(acb.tanh),
    sp.cosh: _regular(acb.cosh),
    sp.sinh: _regular(acb.sinh),
    sp.erf: _regular(acb.erf),
    sp.erfc: _regular(acb.erfc),
    sp.gamma: _regular(acb.gamma),
    sp.loggamma: _right_half(lambda x: x.lgamma()),
    sp.polygamma: _regular(_polygamma),
    sp.lowergamma: _right_half(lambda s, x: x.gamma_lower(s)),
    sp.uppergamma: _right_half(lambda s, x: x.gamma_upper(s)),
    sp.binomial: _regular(_binomial),
    sp.Abs: _real_only(abs),
    sp.Max: _real_only(_maximum),
    sp.Min: _real_only(_minimum),
    sp.re: _nowhere_analytic(lambda x: acb(x.real)),
    sp.im: _nowhere_analytic(lambda x: acb(x.imag)),
}

_CONSTANTS: dict[sp.Basic, Callable[[], acb]] = {
    sp.pi: lambda: acb(arb.pi()),
    sp.E: lambda: acb(arb.const_e()),
    sp.EulerGamma: lambda: acb(arb.const_euler()),
    sp.I: lambda: acb(0, 1),
}


class Balls(Backend):
    """Complex balls at the current working precision; `analytic` is the integrator's demand on the integrand."""

    name = "ball"

    def __init__(self, analytic: bool = False) -> None:
        super().__init__()
        self.analytic = analytic
        self.functions = {node: self._bind(function) for node, function in _FUNCTIONS.items()}
        self.forms.update({type(constant): self._constant(value) for constant, value in _CONSTANTS.items()})
        self.forms[sp.Piecewise] = _piecewise
        self.forms[sp.Integral] = _integral
        self.forms[DominatedIntegral] = _dominated
        self.forms[Iterate] = _iterate

    def _bind(self, function: Callable[..., acb]) -> Callable[..., acb]:
        return lambda *args: function(*args, analytic=self.analytic)

    @staticmethod
    def _constant(value: Callable[[], acb]) -> Callable[[Any, Environment, Backend], acb]:
        return lambda node, env, backend: value()

    def number(self, q: sp.Rational) -> acb:
        return acb(arb(fmpq(int(q.p), int(q.q))))

    def lift(self, raw: Value) -> acb:
        if isinstance(raw, Fraction):
            return acb(arb(fmpq(raw.numerator, raw.denominator)))
        if isinstance(raw, sp.Rational):
            return self.number(raw)
        if isinstance(raw, (int, fmpz, fmpq)):
            return acb(arb(raw))
        return raw if isinstance(raw, acb) else acb(raw)


def decide(condition: sp.Basic, env: Environment, backend: Backend) -> bool | None:
    """Whether a condition holds: True, False, or None where the balls do not decide."""
    if condition in (sp.true, sp.false):
        return bool(condition)
    if isinstance(condition, (sp.And, sp.Or)):
        parts = [decide(part, env, backend) for part in condition.args]
        absorbing = isinstance(condition, sp.Or)
        if absorbing in parts:
            return absorbing
        return None if None in parts else not absorbing
    left, right = (interpret(side, env, backend).real for side in (condition.lhs, condition.rhs))
    if isinstance(condition, (sp.Eq, sp.Ne)):
        same = True if left.is_exact() and right.is_exact() and left == right else None
        same = same if left.overlaps(right) else False
        return same if same is None or isinstance(condition, sp.Eq) else not same
    difference = right - left if isinstance(condition, (sp.Lt, sp.Le)) else left - right
    strict = isinstance(condition, (sp.Lt, sp.Gt))
    if difference > 0 or (not strict and difference >= 0):
        return True
    return False if difference < 0 or (strict and difference <= 0) else None


def _piecewise(node: sp.Piecewise, env: Environment, backend: Backend) -> acb:
    for value, condition in node.args:
        holds = decide(condition, env, backend)
        if holds is None:
            return acb(arb("nan"))
        if holds:
            return interpret(value, env, backend)
    return acb(arb("nan"))


def _iterate(node: Iterate, env: Environment, backend: Backend) -> acb:
    """Step by step in mean-value form, f(m) + f'(box)(x - m): plain balls would widen by every term's slope."""
    if isinstance(backend, Balls) and backend.analytic:
        return acb(arb("nan"))
    slopes, state = node.slopes, [interpret(start, env, backend) for start in node.starts]
    for _ in range(whole(node.count, env)):
        if not all(x.is_finite() for x in state):
            break
        box = {**env, **dict(zip(node.variables, state, strict=True))}
        centre = {**env, **{variable: acb(x.real.mid()) for variable, x in zip(node.variables, state, strict=True)}}
        off = {at: acb(arb(0, x.real.rad())) for at, x in enumerate(state) if x.real.rad() != 0}
        state = [
            _sum(interpret(body, centre, backend), *(interpret(row[at], box, backend) * x for at, x in off.items()))
            for body, row in zip(node.bodies, slopes, strict=True)
        ]
    return state[0]


def _integrand(body: sp.Basic, x: sp.Symbol, env: Environment) -> Callable[[acb, bool], acb]:
    return lambda point, analytic: interpret(body, {**env, x: point}, _ANALYTIC if analytic else _PLAIN)


def _integral(node: sp.Integral, env: Environment, backend: Backend) -> acb:
    if len(node.limits) != 1 or len(node.limits[0]) != 3:
        raise UnknownNode(f"only definite single integrals are enclosed, not {node}")
    x, lower, upper = node.limits[0]
    if lower.is_infinite or upper.is_infinite:
        raise UnknownNode(f"{node} has an infinite range: give its majorant with DominatedIntegral")
    ends = (interpret(end, env, backend) for end in (lower, upper))
    return acb.integral(_integrand(node.function, x, env), *ends)


def _dominated(node: DominatedIntegral, env: Environment, backend: Backend) -> acb:
    return dominated_integral(
        node, lambda part: interpret(part, env, backend), _integrand(node.body, node.variable, env)
    )


def dominated_integral(
    node: DominatedIntegral, evaluate: Callable[[sp.Basic], Any], integrand: Callable[[acb, bool], acb]
) -> acb:
    """The integral up to a cut-off R, plus a ball of radius 2 C exp(-r R)/r for all that lies beyond on both sides."""
    scale, rate = (acb(evaluate(part)).real for part in (node.scale, node.rate))
    goal = flint.ctx.prec * arb.const_log2() + (scale / rate + 1).log()  # at this R the tail is below 2^-precision
    cutoff = arb((goal / rate).upper().ceil().unique_fmpz()) + 1
    lower = -cutoff if node.lower == -sp.oo else acb(evaluate(node.lower)).real
    upper = cutoff if node.upper == sp.oo else acb(evaluate(node.upper)).real
    tail = (2 * scale * (-rate * cutoff).exp() / rate).upper()
    marks = _cuts(lower, upper)
    limit = EVALUATIONS_PER_BIT * flint.ctx.prec
    total, most = acb(arb(0, tail)), 2 * scale / rate
    for left, right in itertools.pairwise(marks):
        piece = acb.integral(integrand, acb(left), acb(right), eval_limit=limit)
        gave_up = not piece.is_finite() or piece.real.rad() > most * arb(2) ** (-flint.ctx.prec // 2)
        if gave_up or abs(piece) > most:  # more bits would not mend that
            raise NotEnclosed(f"{node} is singular on its range, or larger than its majorant")
        total += piece
    return total


def _cuts(lower: arb, upper: arb) -> list[arb]:
    """The range cut into pieces of length PIECE; integrands like exp(-exp(y)) are tame only on short ones."""
    first, last = int(lower.floor().unique_fmpz() or 0) // PIECE + 1, int(upper.ceil().unique_fmpz() or 0) // PIECE
    inside = [arb(PIECE * at) for at in range(first, last + 1) if lower < PIECE * at and PIECE * at < upper]
    return [lower, *inside, upper]


_PLAIN, _ANALYTIC = Balls(), Balls(analytic=True)


@contextmanager
def precision(bits: int) -> Any:
    """Set Arb's working precision within the block."""
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


def ball(expr: sp.Basic, env: Environment, bits: int) -> arb:
    """An enclosure of the real number `expr` computed with the given working precision, however wide it comes out."""
    with precision(bits):
        value = interpret(expr, env, _PLAIN)
        if not value.imag.contains(0):
            raise NotEnclosed(f"{expr} is not real at {dict(env)}")
        return value.real


def enclose(expr: sp.Basic, env: Environment, digits: int) -> arb:
    """An enclosure of `expr` whose radius is below 10^-digits relative to its value.

    env: exact values (int, Fraction) of the symbols and, for arrays, functions of the integer indices.
    Raises NotEnclosed when `MAXIMAL_BITS` of working precision do not suffice.
    """
    wanted = int(digits * 3.33) + 2
    bits = wanted + GUARD_BITS
    while bits <= MAXIMAL_BITS:
        value = ball(expr, env, bits)
        if value.is_finite() and (value.is_exact() or value.rel_accuracy_bits() >= wanted):
            return value
        bits = 2 * bits
    raise NotEnclosed(f"no enclosure of {digits} digits was reached with {MAXIMAL_BITS} bits")


def enclose_within(expr: sp.Basic, env: Environment, digits: int) -> arb:
    """An enclosure of absolute or relative radius about 10^-digits, whichever is wider: a value of 0 is no obstacle."""
    bits = int(digits * 3.33) + GUARD_BITS
    goal = arb(10) ** -(digits + 1)
    for doubling in range(DOUBLINGS + 1):
        value = ball(expr, env, bits << doubling)
        if value.is_finite() and value.rad() < goal * (1 + abs(value)):
            return value
    raise NotEnclosed(f"no enclosure of {digits} digits was reached with {bits << DOUBLINGS} bits")


def decide_at(condition: sp.Basic, env: Environment) -> bool | None:
    """Whether a condition holds at a point of exact values; None where balls of 200 bits do not decide."""
    with precision(200):
        return decide(condition, env, _PLAIN)
