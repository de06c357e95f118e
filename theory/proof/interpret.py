"""Evaluation of a SymPy expression in any arithmetic.

To evaluate an expression is to interpret its tree: a `Backend` says what a number, a function and a binding form
(sum, product, integral, case distinction) mean.  NumPy, torch, mpmath, ball arithmetic and the finite probability
spaces of the instance judge are all backends of the one walk below, so they cannot disagree about the tree.  A node
that a backend does not know is an error, never a guess.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import sympy as sp

Value = Any
Environment = Mapping[sp.Basic, Value]


class UnknownNode(TypeError):
    """A SymPy node for which the chosen arithmetic has no meaning."""


class Backend:
    """An arithmetic: `functions` maps node types to functions of values, `forms` to functions of the node itself.

    A form receives (node, environment, backend) and evaluates its own arguments; binding nodes need that.
    """

    name = "abstract"
    functions: Mapping[type, Callable[..., Value]] = {}

    def __init__(self) -> None:
        self.forms: dict[type, Callable[[Any, Environment, Backend], Value]] = {
            sp.Sum: fold_sum,
            sp.Product: fold_product,
            sp.Indexed: look_up,
        }

    def number(self, q: sp.Rational) -> Value:
        """The exact rational q in this arithmetic."""
        raise NotImplementedError

    def lift(self, raw: Value) -> Value:
        """A caller's value (int, Fraction, array, ...) in this arithmetic."""
        return raw

    def undefined(self, node: sp.Basic, env: Environment) -> Value:
        """The value of a node that no table names: an error, unless the arithmetic can do better."""
        kind = "symbol without a value" if node.is_Symbol else f"node {node.func}"
        raise UnknownNode(f"the {self.name} arithmetic has no meaning for the {kind} in {node}")


def interpret(expr: sp.Basic, env: Environment, backend: Backend) -> Value:
    """The value of `expr` where `env` gives the values of its symbols (and functions of the indices for arrays)."""
    if isinstance(expr, sp.Rational):
        return backend.number(expr)
    if expr in env:
        return backend.lift(env[expr])
    form = backend.forms.get(type(expr))
    if form is not None:
        return form(expr, env, backend)
    function = backend.functions.get(expr.func)
    if function is None:
        return backend.undefined(expr, env)
    return function(*[interpret(argument, env, backend) for argument in expr.args])


def _range(limits: sp.Tuple, env: Environment) -> tuple[sp.Symbol, range]:
    variable, lower, upper = limits
    return variable, range(whole(lower, env), whole(upper, env) + 1)


def fold_sum(node: sp.Sum, env: Environment, backend: Backend) -> Value:
    """A sum written out; limits may depend on outer indices, the last limit being the outermost."""
    return _fold(node, env, backend, sp.Add, sp.S.Zero)


def fold_product(node: sp.Product, env: Environment, backend: Backend) -> Value:
    """A product written out."""
    return _fold(node, env, backend, sp.Mul, sp.S.One)


def _fold(node: Any, env: Environment, backend: Backend, joint: type, empty: sp.Integer) -> Value:
    *inner, outer = node.limits
    body = node.func(node.function, *inner) if inner else node.function
    variable, indices = _range(outer, env)
    values = [interpret(body, {**env, variable: index}, backend) for index in indices]
    if not values:
        return backend.number(empty)
    return backend.functions[joint](*values) if len(values) > 1 else values[0]


def look_up(node: sp.Indexed, env: Environment, backend: Backend) -> Value:
    """An entry of an array: the environment holds a function of its integer indices under the array's base."""
    if node.base not in env:
        raise UnknownNode(f"the array {node.base} in {node} has no values")
    return backend.lift(entry(env[node.base], node, tuple(whole(index, env) for index in node.indices)))


def entry(array: Callable[..., Value], node: sp.Indexed, indices: tuple[int, ...]) -> Value:
    """The entry of an array, or UnknownNode where the array has none: Python's negative indices are none of ours."""
    try:
        if min(indices) >= 0:
            return array(*indices)
    except LookupError:
        pass
    raise UnknownNode(f"{node.base} has no entry {indices}")


class _Integers(Backend):
    """Python integers: the arithmetic of indices and summation limits."""

    name = "integer"
    functions = {
        sp.Add: lambda *terms: sum(terms),
        sp.Mul: lambda *factors: reduce(operator.mul, factors, 1),
        sp.Pow: lambda base, exponent: base**exponent,
    }

    def number(self, q: sp.Rational) -> int:
        if q.q != 1:
            raise UnknownNode(f"the index {q} is not an integer")
        return int(q.p)

    def lift(self, raw: Value) -> int:
        """An integer, also one that an iteration has counted up in another arithmetic."""
        try:
            return operator.index(raw)
        except TypeError:
            number: Any = getattr(raw, "real", raw)
            exact = number.unique_fmpz() if hasattr(number, "unique_fmpz") else int(number)
            if exact is None or number != exact:
                raise UnknownNode(f"the index {raw} is not an integer") from None
            return int(exact)


_INTEGERS = _Integers()


def whole(expr: sp.Basic, env: Environment) -> int:
    """The integer value of an index or a summation limit."""
    return int(interpret(expr, env, _INTEGERS))
