"""Evaluation with common subexpressions evaluated once, and the check that an arithmetic knows every node.

`interpret` looks an expression up in the environment before it descends, so a shared value is just one more
entry there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache

import sympy as sp
from sympy.core.relational import Relational
from sympy.functions.elementary.piecewise import ExprCondPair
from sympy.logic.boolalg import BooleanAtom

from theory.proof.interpret import Backend, Environment, UnknownNode, Value, interpret
from theory.proof.nodes import DominatedIntegral, Iterate

# nodes whose parts have no value of their own where the node stands, or must not be evaluated everywhere
OPAQUE = (sp.Sum, sp.Product, sp.Integral, DominatedIntegral, sp.Piecewise, sp.Indexed, Iterate)
# parts of a form that the form itself reads
PUNCTUATION = (
    sp.Symbol,
    sp.Rational,
    sp.Tuple,
    sp.IndexedBase,
    ExprCondPair,
    Relational,
    sp.And,
    sp.Or,
    BooleanAtom,
)
INFINITE = (sp.oo, -sp.oo)  # ends of a DominatedIntegral


def evaluate(expr: sp.Basic, env: Environment, backend: Backend) -> Value:
    """The value of `expr`, each repeated subexpression being evaluated once."""
    local = dict(env)
    for part in _repeated(expr):
        local[part] = interpret(part, local, backend)
    return interpret(expr, local, backend)


def require_known(expr: sp.Basic, backend: Backend) -> None:
    """Raise UnknownNode if the arithmetic lacks a node of `expr`, before anything is evaluated."""
    for node in sp.preorder_traversal(expr):
        if isinstance(node, PUNCTUATION) or type(node) in backend.forms or node.func in backend.functions:
            endless = isinstance(node, sp.Integral) and any(
                set(INFINITE) & set(limits) for limits in node.limits
            )
            if not endless:
                continue
            raise UnknownNode(f"{node} has an infinite range: give its majorant with DominatedIntegral")
        if node not in INFINITE:
            raise UnknownNode(
                f"the {backend.name} arithmetic has no meaning for the node {node.func} in {expr}"
            )


def scope(env: Environment, node: sp.Basic, keep_parts: bool = False) -> dict[sp.Basic, Value]:
    """What a node can see: its free symbols and all lists.

    Values of whole subexpressions are dropped unless `keep_parts`: inside a binding node a variable may be
    another one.
    """
    free = _free_symbols(node)

    def seen(key: sp.Basic) -> bool:
        return key in free or isinstance(key, sp.IndexedBase) or (keep_parts and _free_symbols(key) <= free)

    return {key: value for key, value in env.items() if seen(key)}


@cache
def _free_symbols(node: sp.Basic) -> frozenset[sp.Basic]:
    return frozenset(node.free_symbols)


@cache
def _repeated(expr: sp.Basic) -> tuple[sp.Basic, ...]:
    """Subexpressions that occur more than once outside opaque nodes, innermost first."""
    counts: Counter[sp.Basic] = Counter()

    def visit(node: sp.Basic) -> Iterator[sp.Basic]:
        if not node.args:
            return
        counts[node] += 1
        if counts[node] == 1:
            for argument in () if isinstance(node, OPAQUE) else node.args:
                yield from visit(argument)
            yield node

    order = list(visit(expr))
    return tuple(node for node in order if counts[node] > 1)
