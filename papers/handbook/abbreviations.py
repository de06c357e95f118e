"""Long formulas with short names for what they repeat: "int R(y) + R(y)^2 dy, where R(y) = sqrt(1 + 4 e^y/N)"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import sympy as sp

LONG = 60  # leaves of a tree that may get short names: fewer fit on about two lines
WORTH = 12  # leaves that a name must save
LETTERS = "RABHTUVY"
_NAMED = (sp.Add, sp.Mul, sp.Pow, sp.Function)


def leaves(expr: sp.Basic) -> int:
    """How many atoms a tree has."""
    return sum(not part.args for part in sp.preorder_traversal(expr))


def abbreviated(expr: sp.Basic, taken: Iterable[str]) -> tuple[sp.Basic, list[tuple[sp.Basic, sp.Basic]]]:
    """The tree with names for its longest repeated parts, and the names with what they stand for, the last found first.

    A name of what contains a variable of summation or integration is a function of it.  taken: letters in use nearby.
    """
    names: list[sp.Basic] = []
    free = [letter for letter in LETTERS if letter not in set(taken)]
    lines = sp.Tuple(expr)
    while max(map(leaves, lines)) > LONG and free and (part := _most_repeated(lines)) is not None:
        name = _name(free.pop(0), _bound(lines) & part.free_symbols)
        root = _only_under_roots(lines, part)
        lines = lines.xreplace({part: name**2 if root else name})
        lines = sp.Tuple(*lines, sp.sqrt(part) if root else part)
        names.append(name)
    shown, *meanings = lines
    return shown, list(zip(names, meanings, strict=True))[::-1]


def _name(letter: str, variables: Iterable[sp.Basic]) -> sp.Expr:
    arguments = sorted(variables, key=str)
    return sp.Function(letter, positive=True)(*arguments) if arguments else sp.Symbol(letter, positive=True)


def _bound(expr: sp.Basic) -> set[sp.Basic]:
    """The variables that some sum, product, integral or map binds."""
    return {variable for node in sp.preorder_traversal(expr) for variable in getattr(node, "bound_symbols", ())}


def _most_repeated(expr: sp.Basic) -> sp.Basic | None:
    """The part whose name saves most, None where none is worth a name."""
    counts = Counter(part for part in sp.preorder_traversal(expr) if isinstance(part, _NAMED))
    saved = {part: (count - 1) * (leaves(part) - 1) for part, count in counts.items() if count > 1}
    part = max(saved, key=lambda part: (saved[part], leaves(part), str(part)), default=None)
    return part if part is not None and saved[part] >= WORTH else None


def _only_under_roots(expr: sp.Basic, part: sp.Basic) -> bool:
    """Whether a part occurs only as the base of square roots and their powers."""
    users = [node for node in sp.preorder_traversal(expr) if part in node.args]
    powers = {node.exp for node in users if isinstance(node, sp.Pow) and node.base == part}
    based = all(isinstance(node, sp.Pow) and node.base == part for node in users)
    return based and all((2 * power).is_Integer for power in powers) and not all(power.is_Integer for power in powers)
