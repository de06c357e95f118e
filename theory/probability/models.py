"""What an expectation is, exactly, in a small network: two meanings that share nothing with the rules.

`Enumeration` lists every outcome of the discrete laws of an `Instance`, runs the network's own equations on each, and
averages: rectifier masks and their correlations come out right.  `Moments` needs no law: it writes sums out at the
instance's widths and replaces each expectation of a monomial by moments, so that agreement is a polynomial identity
that holds for every law with the assumed symmetries.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any

import numpy as np
import sympy as sp
from flint import acb, arb, fmpq
from sympy.core.function import AppliedUndef

from theory.probability.expectation import E, Given, Var, step
from theory.probability.setting import Assumption, Fact, Instance, Setting, rests_on
from theory.proof.balls import dominated_integral, precision
from theory.proof.interpret import Backend, Environment, UnknownNode, entry, interpret, whole
from theory.proof.nodes import DominatedIntegral, PairSum
from theory.symbols import s as transform_variable

IRRATIONAL_BITS = 120  # logarithms, roots and integrals of outcomes are balls of about 35 digits
TAYLOR_ORDER = 3  # exponentials of random variables are compared through their moments up to this order


def pair_sum(node: PairSum, env: Environment, backend: Backend) -> Any:
    """A sum over distinct pairs, written out."""
    indices = range(1, whole(node.count, env) + 1)
    pairs = [(a, b) for a in indices for b in indices if a != b]
    terms = [interpret(node.body, {**env, node.first: a, node.second: b}, backend) for a, b in pairs]
    return reduce(backend.functions[sp.Add], terms, backend.number(sp.S.Zero))


def _variance(node: Var, env: Environment, backend: Backend) -> Any:
    return interpret(E(node.body**2) - E(node.body) ** 2, env, backend)


class Model(Backend):
    """A small network that runs its own equations; only what is drawn differs between the models."""

    def __init__(self, setting: Setting, instance: Instance) -> None:
        super().__init__()
        self.setting, self.instance = setting, instance
        self.known: dict[sp.Basic, Any] = {}
        self.forms.update({sp.Indexed: self.entry, E: self.mean, Var: _variance, PairSum: pair_sum})

    def draw(self, atom: sp.Indexed) -> Any:
        """The values of a random atom that no equation defines."""
        raise NotImplementedError

    def mean(self, node: E, env: Environment, backend: Backend) -> Any:
        """The expectation of the node's body."""
        raise NotImplementedError

    def unfold(self, part: sp.Basic) -> sp.Expr | None:
        """The right-hand side of the equation that defines a part, None if there is none."""
        bodies = (equation.unfold(part, self.instance.values) for equation in self.setting.definitions)
        return next((body for body in bodies if body is not None), None)

    def undefined(self, node: sp.Basic, env: Environment) -> Any:
        """A function without a table entry: its definition in the setting."""
        body = self.unfold(node) if isinstance(node, AppliedUndef) else None
        if body is None:
            return super().undefined(node, env)
        return interpret(body, env, self)

    def resolve(self, atom: sp.Indexed) -> Any:
        """The value of an entry with concrete indices: fixed, abbreviated, defined by an equation, or drawn."""
        indices = tuple(int(index) for index in atom.indices)
        if atom.base in self.instance.arrays:
            return self.lift(entry(self.instance.arrays[atom.base], atom, indices))
        if atom.base in self.setting.notations:
            return interpret(self.setting.notations[atom.base](*indices), self.instance.environment, self)
        body = self.unfold(atom)
        return self.draw(atom) if body is None else interpret(body, self.instance.environment, self)

    def entry(self, node: sp.Indexed, env: Environment, backend: Backend) -> Any:
        """The value of an entry, computed once."""
        atom = node.base[tuple(whole(index, env) for index in node.indices)]
        if atom not in self.known:
            self.known[atom] = self.resolve(atom)
        return self.known[atom]


# --- enumeration ---------------------------------------------------------------------------------------------------


def _elementwise(function: Callable[..., Any], arguments: int = 1) -> Callable[..., Any]:
    return np.frompyfunc(function, arguments, 1)


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(exponent, fmpq) and exponent.q == 1:
        return base ** int(exponent.p)
    return acb(base) ** acb(exponent) if isinstance(base, acb) else arb(base) ** arb(exponent)


def _exponential(x: Any) -> Any:
    return (x if isinstance(x, acb) else arb(x)).exp()


def random_function(name: str) -> Callable[..., fmpq]:
    """An undefined function F is read as a random one: two laws agree iff E F(X) does, but for a chance of 2^-120."""

    def value(*arguments: Any) -> fmpq:
        if not all(isinstance(x, fmpq) for x in arguments):
            raise UnknownNode(f"the undefined function {name} needs exact arguments")
        digest = hashlib.blake2b(f"{name}{arguments}".encode(), digest_size=16).digest()
        return fmpq(int.from_bytes(digest, "big"))

    return value


class Enumeration(Model):
    """The finite probability space of an instance; random values are arrays with one axis for each random atom."""

    name = "finite probability space"
    functions = {
        sp.Add: lambda *terms: reduce(np.add, terms),
        sp.Mul: lambda *factors: reduce(np.multiply, factors),
        sp.Pow: _elementwise(_power, 2),
        sp.Abs: _elementwise(abs),
        sp.Max: lambda *args: reduce(_elementwise(max, 2), args),
        sp.Min: lambda *args: reduce(_elementwise(min, 2), args),
        step: _elementwise(lambda x: fmpq(1) if x > 0 else fmpq(0)),
        sp.sign: _elementwise(lambda x: fmpq((x > 0) - (x < 0))),
        sp.log: _elementwise(lambda x: arb(x).log()),
        sp.exp: _elementwise(_exponential),
        sp.binomial: _elementwise(lambda n, k: fmpq(int(sp.binomial(int(n.p), int(k.p)))), 2),
    }

    def __init__(self, setting: Setting, instance: Instance) -> None:
        super().__init__(setting, instance)
        self.axes: list[np.ndarray] = []  # the probabilities along each axis, the first axis being the last dimension
        self.forms.update({Given: self.conditional_mean, DominatedIntegral: _line_integral})
        self.forms[type(sp.EulerGamma)] = lambda node, env, backend: arb.const_euler()

    def number(self, q: sp.Rational) -> fmpq:
        return fmpq(int(q.p), int(q.q))

    def lift(self, raw: Any) -> Any:
        if isinstance(raw, (np.ndarray, fmpq, arb, acb)):
            return raw
        return fmpq(raw.numerator, raw.denominator)

    def evaluate(self, expr: sp.Basic) -> Any:
        """The exact value (or a ball, where logarithms or roots enter) of a deterministic expression."""
        with precision(IRRATIONAL_BITS):
            value = interpret(expr, self.instance.environment, self)
        return value.item() if isinstance(value, np.ndarray) else value

    def undefined(self, node: sp.Basic, env: Environment) -> Any:
        """A function that the setting does not define is read as a random function (see `random_function`)."""
        if isinstance(node, AppliedUndef) and self.unfold(node) is None:
            values = [interpret(argument, env, self) for argument in node.args]
            return _elementwise(random_function(str(node.func)), len(values))(*values)
        return super().undefined(node, env)

    def draw(self, atom: sp.Indexed) -> np.ndarray:
        """The values of a random atom along an axis of its own."""
        if atom.base not in self.instance.laws:
            raise UnknownNode(f"{atom} is neither defined nor drawn in this instance")
        law = entry(self.instance.laws[atom.base], atom, tuple(int(index) for index in atom.indices))
        total = sum((self.lift(weight) for _, weight in law), fmpq(0))
        shape = (len(law),) + (1,) * len(self.axes)
        self.axes.append(np.array([self.lift(weight) / total for _, weight in law], dtype=object))
        return np.array([self.lift(value) for value, _ in law], dtype=object).reshape(shape)

    def mean(self, node: E, env: Environment, backend: Backend) -> Any:
        """The average over all outcomes."""
        return self._average(interpret(node.body, env, self))

    def conditional_mean(self, node: Given, env: Environment, backend: Backend) -> Any:
        """The average over the outcomes in the event; the others do not matter, not even where the body is infinite."""
        event = np.asarray(interpret(node.event, env, self), dtype=object)
        body = np.broadcast_arrays(np.asarray(interpret(node.body, env, self), dtype=object), event)[0]
        return self._average(np.where(event == fmpq(1), body, np.array(fmpq(0), dtype=object))) / self._average(event)

    def _average(self, value: Any) -> Any:
        if not isinstance(value, np.ndarray):
            return value
        for dimension in range(value.ndim):
            axis = value.ndim - 1 - dimension
            if value.shape[axis] > 1:
                weights = self.axes[dimension].reshape([-1] + [1] * dimension)
                value = (value * weights).sum(axis=axis, keepdims=True)
        return value.item()


def _line_integral(node: DominatedIntegral, env: Environment, model: Backend) -> Any:
    """A rigorous integral whose integrand averages over outcomes.

    Only entire integrands are taken, for the integrator is not told where others are analytic; integrals without an
    expectation are left to the enclosure judge.
    """
    curved = node.body.atoms(sp.Pow, sp.log, sp.Abs, step, sp.Max)
    if not node.body.has(E, Given) or any(part.has(node.variable) for part in curved):
        raise UnknownNode(f"{node} is not the integral of an entire mean")
    return dominated_integral(
        node,
        lambda part: interpret(part, env, model),
        lambda point, analytic: acb(interpret(node.body, {**env, node.variable: point}, model)),
    ).real


# --- moments -------------------------------------------------------------------------------------------------------


def _taylor(y: sp.Expr) -> sp.Expr:
    """The exponential up to TAYLOR_ORDER in the transform's variable, of which y must be a multiple."""
    if sp.expand(y).subs(transform_variable, 0) != 0:
        raise UnknownNode(f"exp({y}) has no expansion in {transform_variable}")
    return sp.Add(*(y**power / sp.factorial(power) for power in range(TAYLOR_ORDER + 1)))


class Moments(Model):
    """Formal moments: an expectation of a polynomial becomes a polynomial in moment symbols."""

    name = "formal moment"
    functions = {
        sp.Add: lambda *terms: sp.Add(*terms),
        sp.Mul: lambda *factors: sp.Mul(*factors),
        sp.Pow: lambda base, exponent: sp.Pow(base, exponent),
        sp.KroneckerDelta: lambda first, second: sp.KroneckerDelta(first, second),
        sp.exp: _taylor,
    }

    def __init__(self, setting: Setting, instance: Instance, assumed: frozenset[Assumption]) -> None:
        super().__init__(setting, instance)
        self.assumed = assumed
        self.forms.update({sp.Derivative: _slope, DominatedIntegral: _gaussian_mean})

    def number(self, q: sp.Rational) -> sp.Rational:
        return q

    def lift(self, raw: Any) -> Any:
        return raw if isinstance(raw, sp.Expr) else sp.Rational(raw.numerator, raw.denominator)

    def evaluate(self, expr: sp.Basic) -> sp.Expr:
        """The expression as a polynomial in moments, cut after TAYLOR_ORDER in the transform's variable."""
        value = interpret(expr, {**self.instance.environment, transform_variable: transform_variable}, self)
        if not value.has(transform_variable):
            return sp.expand(value)
        return sp.expand(sp.series(value, transform_variable, 0, TAYLOR_ORDER + 1).removeO())

    def granted(self, fact: Fact) -> bool:
        """Whether a fact about a family may be used: the theorem assumed what it rests on."""
        return bool(rests_on(fact)) and self.assumed.issuperset(rests_on(fact))

    def draw(self, atom: sp.Indexed) -> sp.Indexed:
        """A random atom stands for itself, a fixed one for its unknown value."""
        return atom

    def mean(self, node: E, env: Environment, backend: Backend) -> sp.Expr:
        """Every monomial replaced by its moments, independent groups of atoms apart."""
        body = sp.expand(interpret(node.body, env, self))
        atoms = sorted(self.setting.atoms(body), key=sp.default_sort_key)
        if not atoms:
            return body
        if not body.is_polynomial(*atoms):
            raise UnknownNode("formal moments need a polynomial under the expectation")
        total = sp.S.Zero
        for powers, coefficient in sp.Poly(body, *atoms).terms():
            present = [(atom, power) for atom, power in zip(atoms, powers, strict=True) if power]
            total += coefficient * sp.Mul(*(_joint_moment(block, self) for block in _blocks(present, self)))
        return total


def _gaussian_mean(node: DominatedIntegral, env: Environment, model: Backend) -> sp.Expr:
    """The integral of a function, expanded to a polynomial, against the standard normal density."""
    t = node.variable
    if sp.exp(-(t**2) / 2) not in sp.Mul.make_args(node.body):
        raise UnknownNode(f"{node} is no integral against the normal density")
    against = node.body * sp.sqrt(2 * sp.pi) / sp.exp(-(t**2) / 2)
    body = sp.expand(interpret(against, {**env, t: t}, model))
    if not body.is_polynomial(t) or (node.lower, node.upper) != (-sp.oo, sp.oo):
        raise UnknownNode(f"{node} is no Gaussian mean of a polynomial")
    moments = {power: 0 if power % 2 else sp.factorial2(power - 1) for (power,) in sp.Poly(body, t).monoms()}
    return sp.Add(*(coefficient * moments[power] for (power,), coefficient in sp.Poly(body, t).terms()))


def _slope(node: sp.Derivative, env: Environment, model: Backend) -> sp.Expr:
    return sp.diff(interpret(node.expr, env, model), interpret(node.variables[0], env, model))


def _blocks(atoms: list[tuple[sp.Indexed, int]], model: Moments) -> list[list[tuple[sp.Indexed, int]]]:
    """Atoms grouped so that different groups are independent."""
    blocks: list[list[tuple[sp.Indexed, int]]] = []
    for atom in atoms:
        touching = [block for block in blocks if any(not independent(atom[0], other, model) for other, _ in block)]
        blocks = [block for block in blocks if block not in touching]
        blocks.append([atom, *(item for block in touching for item in block)])
    return blocks


def independent(first: sp.Indexed, second: sp.Indexed, model: Moments) -> bool:
    """Whether two different atoms with concrete indices are independent by the assumptions granted."""
    left, right = model.setting.family(first), model.setting.family(second)
    assert left is not None
    assert right is not None
    if left is right and model.granted(left.independent_entries):
        return first != second
    if not (model.granted(left.independent) and model.granted(right.independent)):
        return False
    (low_a, high_a), (low_b, high_b) = left.span(*first.indices), right.span(*second.indices)
    return bool(high_a < low_b) or bool(high_b < low_a)


def _joint_moment(block: list[tuple[sp.Indexed, int]], model: Moments) -> sp.Expr:
    if len(block) == 1:
        return _single_moment(*block[0], model)
    return sp.Symbol("E[" + " ".join(f"{atom}^{power}" for atom, power in sorted(block, key=str)) + "]")


def _single_moment(atom: sp.Indexed, power: int, model: Moments) -> sp.Expr:
    family = model.setting.family(atom)
    assert family is not None
    if family.moment is not None:
        return interpret(family.moment(power, *atom.indices), model.instance.environment, model)
    notation = {1: family.first, 2: family.second}.get(power)
    if notation is not None and model.granted(family.identical):
        known = notation(*atom.indices)
        if not known.has(sp.Indexed):  # an array's entries abbreviate a moment; a symbol has a value of its own
            return interpret(known, model.instance.environment, model)
    odd_vanishes = model.granted(family.symmetric) or (power == 1 and model.granted(family.mean_zero))
    if power % 2 and odd_vanishes:
        return sp.S.Zero
    law = family.law_of(*atom.indices) if model.granted(family.identical) else tuple(atom.indices)
    return sp.Symbol(f"m{power}_{family.base}{law}")


def models_of(setting: Setting, assumed: frozenset[Assumption]) -> Iterator[tuple[str, Enumeration | Moments]]:
    """The models in which a step of this setting is evaluated, each with the instance's values in words."""
    for instance in setting.instances:
        yield str(instance), Moments(setting, instance, assumed)
        if instance.laws:
            yield str(instance), Enumeration(setting, instance)
