"""What the NumPy and torch arithmetics share: sums, products, integrals and cases over whole arrays.

Scalar parameters are arrays that broadcast.  A summation index or an integration variable is one more,
trailing, axis; work is cut into blocks of about `BLOCK` numbers, so that memory stays bounded and a block's
arrays fit into the cache.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
import sympy as sp

from numerics.evaluate.quadrature import END, NotComputed, line, tanh_sinh
from numerics.evaluate.relations import RELATIONS
from numerics.evaluate.sharing import evaluate, scope
from theory.proof.interpret import Backend, Environment, UnknownNode, Value, interpret
from theory.proof.nodes import DominatedIntegral, Iterate

BLOCK = 1 << 15  # numbers: 256 KiB of float64, so that a handful of temporaries stays in a core's own cache
ROWS = 128  # parameter points whose integrals share nodes: of some 260, so BLOCK numbers
TAIL = 1e-25  # what the majorant may leave outside; `_dominated` tightens it for integrals below 1e-8
ROUNDING = 2.0**-53


class Arrays(Backend):
    """Float64 arrays.  `xp`: the array module; the three methods after `__init__` are all that differs
    besides.
    """

    xp: Any = None

    def __init__(self) -> None:
        super().__init__()
        self.forms.update({type(c): self._constant(c) for c in (sp.pi, sp.E, sp.EulerGamma)})
        self.forms[type(sp.I)] = lambda node, env, backend: self.array(np.array(1j))
        self.forms[sp.Sum] = lambda node, env, backend: self._fold(node, env, sp.S.Zero)
        self.forms[sp.Product] = lambda node, env, backend: self._fold(node, env, sp.S.One)
        self.forms[sp.Indexed] = self._look_up
        self.forms[sp.Piecewise] = self._piecewise
        self.forms[sp.Integral] = self._integral
        self.forms[DominatedIntegral] = self._integral
        self.forms[Iterate] = self._iterate

    def array(self, values: np.ndarray) -> Value:
        """A NumPy array in this arithmetic."""
        raise NotImplementedError

    def concrete(self, value: Value) -> np.ndarray:
        """A value of this arithmetic as a NumPy array."""
        raise NotImplementedError

    def number(self, q: sp.Rational) -> Value:
        return self.lift(Fraction(int(q.p), int(q.q)))

    def lift(self, raw: Value) -> Value:
        if isinstance(raw, (int, Fraction, sp.Rational)):
            try:
                return self.array(np.asarray(float(raw)))
            except OverflowError:
                raise NotComputed("a number beyond 1e308 does not fit into float64") from None
        return raw

    def _constant(self, constant: sp.Basic) -> Callable[..., Value]:
        return lambda node, env, backend: self.array(np.asarray(float(constant)))

    def _look_up(self, node: sp.Indexed, env: Environment, backend: Backend) -> Value:
        """Entries of a concrete list; an index may be an array."""
        if node.base not in env:
            raise UnknownNode(f"the array {node.base} in {node} has no values")
        indices = np.broadcast_arrays(*(self._whole(index, env) for index in node.indices))
        entries = [
            float(env[node.base](*map(int, places))) for places in zip(*map(np.ravel, indices), strict=True)
        ]
        return self.array(np.reshape(entries, indices[0].shape))

    def _whole(self, expr: sp.Basic, env: Environment) -> np.ndarray:
        values = np.real(self.concrete(interpret(expr, env, self)))
        if not np.all(values == np.floor(values)):
            raise UnknownNode(f"the index or limit {expr} is not an integer")
        return values.astype(np.int64)

    # -- sums and products
    # ---------------------------------------------------------------------------------------

    def _fold(self, node: Any, env: Environment, empty: sp.Integer) -> Value:
        """A sum or product: one array operation where its limits are scalars, else one for each pair of
        limits.
        """
        *inner, (variable, lower, upper) = node.limits
        body = node.func(node.function, *inner) if inner else node.function
        env = scope(env, node)
        low, high = np.broadcast_arrays(self._whole(lower, env), self._whole(upper, env))
        if low.ndim == 0:
            return self._fold_range(body, variable, range(int(low), int(high) + 1), env, empty)
        shape = np.broadcast_shapes(shape_of(env), low.shape)
        pairs = np.stack([np.broadcast_to(end, shape) for end in (low, high)], -1)
        parts = []
        for first, last in np.unique(pairs.reshape(-1, 2), axis=0):
            mask = np.all(pairs == (first, last), -1)
            indices = range(int(first), int(last) + 1)
            parts.append(
                (mask, self._fold_range(body, variable, indices, self._restrict(env, shape, mask), empty))
            )
        return self._assemble(shape, parts)

    def _fold_range(
        self, body: sp.Basic, variable: sp.Symbol, indices: range, env: Environment, empty: sp.Integer
    ) -> Value:
        total, shape = self.number(empty), shape_of(env)
        wide = {key: deepen(value) for key, value in env.items()}
        length = max(1, BLOCK // max(1, int(np.prod(shape))))
        for start in range(0, len(indices), length):
            wide[variable] = self.array(np.array(indices[start : start + length], dtype=float))
            terms = evaluate(body, wide, self)
            terms = self.xp.broadcast_to(terms, (*shape, len(wide[variable])))
            total = total + terms.sum(-1) if empty == 0 else total * terms.prod(-1)
        return total

    # -- iterated maps
    # -----------------------------------------------------------------------------------------------------

    def _iterate(self, node: Iterate, env: Environment, backend: Backend) -> Value:
        """All points step together; a point's variables stay as they are once it has made its count of steps."""
        env = scope(env, node)
        counts, shape = self._whole(node.count, env), shape_of(env)
        state = [self.xp.broadcast_to(interpret(start, env, self), shape) for start in node.starts]
        for made in range(int(np.max(counts, initial=0))):
            now = {**env, **dict(zip(node.variables, state, strict=True))}
            moved = [evaluate(body, now, self) for body in node.bodies]
            going = self.array(made < counts)
            state = [self.xp.where(going, new, old) for new, old in zip(moved, state, strict=True)]
        return state[0]

    # -- case distinctions
    # ---------------------------------------------------------------------------------------

    def _holds(self, condition: sp.Basic, env: Environment) -> np.ndarray:
        if condition in (sp.true, sp.false):
            return np.asarray(bool(condition))
        if isinstance(condition, (sp.And, sp.Or)):
            joint = operator.and_ if isinstance(condition, sp.And) else operator.or_
            return reduce(joint, (self._holds(part, env) for part in condition.args))
        if type(condition) not in RELATIONS:
            raise UnknownNode(f"the {self.name} arithmetic has no meaning for the condition {condition}")
        sides = (np.real(self.concrete(interpret(side, env, self))) for side in condition.args)
        return np.asarray(RELATIONS[type(condition)](*sides))

    def _piecewise(self, node: sp.Piecewise, env: Environment, backend: Backend) -> Value:
        """Each branch is evaluated only where its condition is the first to hold."""
        env = scope(env, node, keep_parts=True)
        shape = shape_of(env)
        left, parts = np.ones(shape, bool), []
        for value, condition in node.args:
            mask = left & self._holds(condition, env)
            if mask.all():
                return interpret(value, env, self)
            if mask.any():
                parts.append((mask, evaluate(value, self._restrict(env, shape, mask), self)))
            left = left & ~mask
        return self._assemble(shape, [*parts, (left, self.array(np.asarray(np.nan)))])

    def _restrict(
        self, env: Environment, shape: tuple[int, ...], chosen: np.ndarray
    ) -> dict[sp.Basic, Value]:
        """The environment at the chosen points of an array shape: every array becomes one-dimensional."""
        where = self.places(chosen)
        return {
            key: self.xp.broadcast_to(value, shape)[where] if is_array(value) else value
            for key, value in env.items()
        }

    def working(self) -> AbstractContextManager[Any]:
        """The surroundings an evaluation needs."""
        return nullcontext()

    def places(self, chosen: np.ndarray) -> Any:
        """A mask or an index array as this arithmetic's arrays take it."""
        return chosen

    def _assemble(self, shape: tuple[int, ...], parts: list[tuple[np.ndarray, Value]]) -> Value:
        """The array whose values at the places of each part are that part's."""
        kind = np.result_type(float, *(self.concrete(value) for _, value in parts))
        whole = self.array(np.zeros(shape, kind))
        for places, value in parts:
            whole[self.places(places)] = value
        return whole

    # -- integrals
    # -----------------------------------------------------------------------------------------------

    def _integral(self, node: Any, env: Environment, backend: Backend) -> Value:
        """A definite integral, in blocks of `ROWS` parameter points that share their nodes."""
        env = scope(env, node)
        shape = shape_of(env)
        size = int(np.prod(shape))
        if size <= ROWS:
            return self._integrate(node, env)
        flat = {
            key: self.xp.broadcast_to(v, shape).reshape(-1) if is_array(v) else v for key, v in env.items()
        }
        # sorted by a parameter, a block's integrands live on about the same range and waste few nodes on each
        # other
        order = np.argsort(self.concrete(next(v for v in flat.values() if is_array(v))), kind="stable")
        blocks = [order[start : start + ROWS] for start in range(0, size, ROWS)]
        parts = [(rows, self._integrate(node, self._restrict(flat, (size,), rows))) for rows in blocks]
        return self._assemble((size,), parts).reshape(shape)

    def _integrate(self, node: Any, env: Environment) -> Value:
        if isinstance(node, DominatedIntegral):
            return self._dominated(node, env)
        if len(node.limits) != 1 or len(node.limits[0]) != 3:
            raise UnknownNode(f"only definite single integrals are evaluated, not {node}")
        variable, lower, upper = node.limits[0]
        if lower.is_infinite or upper.is_infinite:
            raise UnknownNode(f"{node} has an infinite range: give its majorant with DominatedIntegral")
        low, high = (interpret(end, env, self) for end in (lower, upper))
        return self._between(node.function, variable, low, high, env)

    def _dominated(self, node: DominatedIntegral, env: Environment) -> Value:
        """Cut where the majorant leaves `tail`, which is tightened until negligible beside the result."""
        scale, rate = (np.real(self.concrete(interpret(part, env, self))) for part in (node.scale, node.rate))
        two_sided, tail = node.lower == -sp.oo and node.upper == sp.oo, TAIL
        while True:
            reach = np.log1p(2 * scale / (rate * tail)) / rate
            if two_sided:
                total = self._line(node.body, node.variable, float(np.max(reach)), env)
            else:
                lower, upper = (
                    interpret(end, env, self) if end.is_finite else None for end in node.args[1][1:]
                )
                low = -self._cut(upper, reach, -1) if lower is None else lower
                high = self._cut(lower, reach, 1) if upper is None else upper
                total = self._between(node.body, node.variable, low, high, env)
            sizes = np.abs(self.concrete(total))
            smallest = float(np.min(sizes[sizes > 0], initial=np.inf))
            if tail <= ROUNDING * smallest or tail < TAIL**4:
                return total
            tail = max(ROUNDING * smallest / 4, TAIL**5)

    def _cut(self, finite_end: Value, reach: np.ndarray, sign: int) -> Value:
        """Beyond a finite end on the tail's own side, the cut-off moves out by as much."""
        return self.array(np.maximum(sign * np.real(self.concrete(finite_end)), 0.0) + reach)

    def _line(self, body: sp.Basic, variable: sp.Symbol, reach: float, env: Environment) -> Value:
        shape = shape_of(env)
        wide = {key: deepen(value) for key, value in env.items()}

        def integrand(nodes: np.ndarray) -> Value:
            values = evaluate(body, {**wide, variable: self.array(nodes)}, self)
            return self.xp.broadcast_to(values, (*shape, nodes.size))

        return line(integrand, reach, self)

    def _between(
        self, body: sp.Basic, variable: sp.Symbol, lower: Value, upper: Value, env: Environment
    ) -> Value:
        shape = np.broadcast_shapes(shape_of(env), lower.shape, upper.shape)
        wide = {key: deepen(value) for key, value in env.items()}
        lower, upper = deepen(lower), deepen(upper)

        def integrand(nodes: np.ndarray) -> Value:
            from_low, from_high, weight = map(self.array, tanh_sinh(nodes))
            near_low = self.array(nodes < 0)
            point = self.xp.where(
                near_low, lower + (upper - lower) * from_low, upper - (upper - lower) * from_high
            )
            inside = (point != lower) & (point != upper)  # an end reached by rounding may be a pole
            values = evaluate(
                body, {**wide, variable: self.xp.where(inside, point, (lower + upper) / 2)}, self
            )
            weighted = self.xp.where(inside, values * weight * (upper - lower), self.array(np.zeros(())))
            return self.xp.broadcast_to(weighted, (*shape, nodes.size))

        return line(integrand, END, self)


def is_array(value: Value) -> bool:
    """Whether a value of the environment has axes (a scalar or a list's look-up has none)."""
    return getattr(value, "ndim", 0) > 0


def deepen(value: Value) -> Value:
    """A value with one more, trailing, axis."""
    return value[..., None] if is_array(value) else value


def shape_of(env: Environment) -> tuple[int, ...]:
    """The shape to which an environment's arrays broadcast."""
    return np.broadcast_shapes(*(tuple(value.shape) for value in env.values() if is_array(value)))
