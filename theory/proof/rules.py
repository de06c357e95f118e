"""Rules: the reasons a step may give.

A rule says what follows from a line; the algebra judge compares that with the line the author wrote.  Rules that no
rewriting can confirm (an integral evaluated, a limit taken) have no `derive`: they stand only where rigorous enclosures
confirm them, and their verdict says so.  Assumptions and citations are rules of their own kind, so that nothing unproved
can pass under another name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import sympy as sp

from theory.probability.setting import rests_on
from theory.proof.nodes import PairSum

if TYPE_CHECKING:
    from theory.probability.setting import Assumption, Definition, Fact, Setting
    from theory.proof.theorem import Theorem

Kind = Literal["derived", "computed", "assumed", "cited"]


class RuleDoesNotApply(ValueError):
    """A rule has nothing to say about a line, or needs an assumption that was not made."""


@dataclass
class Context:
    """What a rule may use: the setting and the assumptions made; `used` collects those it did use."""

    setting: Setting
    assumed: frozenset[Assumption]
    used: set[Assumption] = field(default_factory=set)

    def grants(self, fact: Fact) -> bool:
        """Whether every assumption behind a fact was made; if so they are noted as used."""
        needed = rests_on(fact)
        if not needed or not self.assumed.issuperset(needed):
            return False
        self.used.update(needed)
        return True


Derivation = Callable[[Any, Context], sp.Basic]


@dataclass(frozen=True)
class Rule:
    """A named reason. `derive(line, context)` returns what follows from the line, up to algebra.

    relation: what the rule proves between the line and its result.  source: the reference of a cited fact.
    uses: names of the theorems it appeals to.  backwards: the rule leads from the new line to the old one.
    appeal: nothing but theorems is used, so that their own judges have confirmed the step.
    judged_in: the setting whose instances judge the step, where it needs less than the theorem assumes.
    error: for an asymptotic step, what left - right is of the order of.
    """

    name: str
    derive: Derivation | None = None
    kind: Kind = "derived"
    relation: str = "="
    source: str = ""
    uses: tuple[str, ...] = ()
    backwards: bool = False
    appeal: bool = False
    judged_in: Setting | None = None
    error: sp.Expr = sp.S.One

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
            appeal=self.appeal and then.appeal,
            judged_in=self.judged_in or then.judged_in,
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


def backwards(rule: Rule) -> Rule:
    """The same reason read from right to left; only for equalities."""
    return replace(rule, backwards=True)


def by_theorem(theorem: Theorem, *chosen: str, at: Mapping[sp.Basic, Any] | None = None) -> Rule:
    """Replace what another theorem's statement equates with its right-hand side, at given values of its symbols."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        derivation = theorem.derivation(*chosen)
        if not context.assumed.issuperset(derivation.assumed):
            missing = sorted(a.name for a in derivation.assumed - context.assumed)
            raise RuleDoesNotApply(f"{theorem.name} assumes {', '.join(missing)}, which is not assumed here")
        context.used.update(derivation.assumed)
        values = at or {}
        right = derivation.statement.right.subs(values, simultaneous=True)
        lines = [step.left.subs(values, simultaneous=True) for step in derivation.statement.steps]
        return line.xreplace({left: right for left in lines})

    return Rule(f"by {theorem.name}", derive, uses=(theorem.name,), appeal=True)


def cite(fact: str, source: str, left: sp.Basic, right: sp.Basic) -> Rule:
    """A fact of the literature that is not proved here: left = right, as the source states it."""
    return Rule(fact, lambda line, context: line.xreplace({left: right}), kind="cited", source=source)


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


def by_induction(recursion: Theorem, over: sp.Symbol, last: sp.Expr | None = None) -> Rule:
    """A one-term recursion solved: a(i+1) = c(i) a(i) upwards from a(0), or a(i) = c(i) a(i+1) downwards from a(last)."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        derivation = recursion.derivation()
        if not context.assumed.issuperset(derivation.assumed):
            raise RuleDoesNotApply(f"{recursion.name} makes assumptions that are not made here")
        context.used.update(derivation.assumed)
        running, left = sp.Symbol("r", integer=True), derivation.statement.left
        entry = left.subs(over, over - 1) if last is None else left
        neighbour = left.subs(over, over + (1 if last is not None else -1))
        factor = sp.cancel(derivation.statement.right / neighbour)
        if line != entry or factor.has(neighbour.base):
            raise RuleDoesNotApply(f"the recursion for {left} does not speak of {line}")
        first, end, start = (sp.S.Zero, over - 1, sp.S.Zero) if last is None else (over, last - 1, last)
        return entry.subs(over, start) * sp.Product(factor.subs(over, running), (running, first, end))

    return Rule(f"induction over {over}", derive, uses=(recursion.name,))
