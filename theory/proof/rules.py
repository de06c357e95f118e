"""Rules: the reasons a step may give.

A rule says what follows from a line; the algebra judge compares that with the line the author wrote.  Rules that no
rewriting can confirm (an integral evaluated, a limit taken) have no `derive`: they stand only where rigorous enclosures
confirm them, and their verdict says so.  Assumptions and citations are rules of their own kind, so that nothing unproved
can pass under another name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import sympy as sp

from theory.proof.nodes import PairSum

if TYPE_CHECKING:
    from theory.proof.theorem import Chain
    from theory.probability.setting import Assumption, Definition, Setting

Kind = Literal["derived", "computed", "assumed", "cited"]


class RuleDoesNotApply(ValueError):
    """A rule has nothing to say about a line, or needs an assumption that was not made."""


@dataclass
class Context:
    """What a rule may use: the setting and the assumptions made; `used` collects those it did use."""

    setting: Setting
    assumed: frozenset[Assumption]
    used: set[Assumption] = field(default_factory=set)

    def grants(self, assumption: Assumption) -> bool:
        """Whether an assumption was made; if so it is noted as used."""
        if assumption in self.assumed:
            self.used.add(assumption)
            return True
        return False


Derivation = Callable[[Any, Context], sp.Basic]


@dataclass(frozen=True)
class Rule:
    """A named reason. `derive(line, context)` returns what follows from the line, up to algebra.

    relation: what the rule proves between the line and its result.  source: the reference of a cited fact.
    uses: names of the theorems it appeals to.
    """

    name: str
    derive: Derivation | None = None
    kind: Kind = "derived"
    relation: str = "="
    source: str = ""
    uses: tuple[str, ...] = ()

    def __and__(self, then: Rule) -> Rule:
        """This rule, then another, in one step."""
        if self.derive is None or then.derive is None:
            raise TypeError(f"'{self.name}' and '{then.name}' cannot be joined: both must derive")
        first, second = self.derive, then.derive
        kinds: list[Kind] = ["derived", "computed", "cited", "assumed"]
        return Rule(
            f"{self.name}; {then.name}",
            lambda line, context: second(first(line, context), context),
            max(self.kind, then.kind, key=kinds.index),
            then.relation if self.relation == "=" else self.relation,
            "; ".join(filter(None, (self.source, then.source))),
            self.uses + then.uses,
        )


def rewrite(
    line: sp.Basic,
    visit: Callable[[sp.Basic, frozenset[frozenset[sp.Basic]]], sp.Basic],
    distinct: frozenset[frozenset[sp.Basic]] = frozenset(),
) -> sp.Basic:
    """Apply `visit` to every node from the inside out, telling it which pairs of indices are distinct there."""
    if isinstance(line, sp.Indexed) or line.is_Atom:
        return visit(line, distinct)
    inside = distinct | {frozenset((line.first, line.second))} if isinstance(line, PairSum) else distinct
    arguments = [rewrite(argument, visit, inside) for argument in line.args]
    changed = line.func(*arguments) if any(a is not b for a, b in zip(arguments, line.args, strict=True)) else line
    return visit(changed, distinct)


algebra = Rule("algebra", lambda line, context: line)


def definition(equation: Definition) -> Rule:
    """Replace a quantity by the network equation that defines it."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        if equation.assumption is not None and not context.grants(equation.assumption):
            raise RuleDoesNotApply(f"'{equation.name}' rests on '{equation.assumption.name}', which is not assumed")

        def visit(part: sp.Basic, distinct: frozenset[frozenset[sp.Basic]]) -> sp.Basic:
            body = equation.unfold(part)
            return part if body is None else body

        return rewrite(line, visit)

    return Rule(equation.name if equation.assumption else f"by definition of {equation.name}", derive)


def by_induction(step: Chain, over: sp.Symbol, last: sp.Expr | None = None) -> Rule:
    """A one-term recursion solved: a(i+1) = c(i) a(i) upwards from a(0), or a(i) = c(i) a(i+1) downwards from a(last)."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        running = sp.Symbol("_r", integer=True)
        upward = last is None
        entry = step.left.subs(over, over - 1) if upward else step.left
        neighbour = step.left.subs(over, over - 1) if upward else step.left.subs(over, over + 1)
        factor = sp.cancel(step.right / neighbour)
        if line != entry or factor.has(neighbour.base):
            raise RuleDoesNotApply(f"the recursion for {step.left} does not speak of {line}")
        first, end = (0, over - 1) if upward else (over, last - 1)
        start = entry.subs(over, 0) if upward else entry.subs(over, last)
        return start * sp.Product(factor.subs(over, running), (running, first, end))

    return Rule(f"induction over {over}", derive)
