"""The three judges of a step, and the verdict they come to together.

* algebra: what the rule derives from the line above, minus the line written, is 0 in normal form.
* instance: both sides have one value in small exact networks (see `theory.probability.models`).
* enclosure: both sides have overlapping enclosures, far narrower than any mutation, at points of the domain.

A judge says holds, fails or unknown.  Unknown never counts as holds; one fails sinks the step.  Algebra alone is not
believed either: `proved` needs a second judge, or a step that only appeals to theorems, which had theirs.  Agreement on
instances alone is evidence, not a proof, and does not stand.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import sympy as sp
from flint import arb
from sympy.printing.str import sstr

from theory.proof.balls import NotEnclosed, decide_at, enclose_within
from theory.proof.interpret import UnknownNode
from theory.proof.normal import difference
from theory.proof.rules import Context, RuleDoesNotApply
from theory.proof.shown import Page, Shown

if TYPE_CHECKING:
    from theory.proof.theorem import Step

Answer = Literal["holds", "fails", "unknown"]
ENCLOSURE_DIGITS = 15  # both sides agree to this many digits: no mutation of a formula is as small as 10^-15
GROWTH = 3  # between 1, which the error term allows, and 10, which a wrong term would give
MOST_POINTS = 12  # sampled points of the domain for one step


class Verdict(Shown, IntEnum):
    """From weakest to strongest; a proof is as strong as its weakest step."""

    REFUTED = 0
    UNKNOWN = 1
    ASSUMED = 2
    CITED = 3
    ENCLOSED = 4
    PROVED = 5

    @property
    def stands(self) -> bool:
        """Whether a theorem may be stated with this verdict."""
        return self >= Verdict.ASSUMED

    def __str__(self) -> str:
        return self.name.lower()

    def _page(self) -> Page:
        return Page(str(self))


@dataclass(frozen=True)
class Finding:
    """What one judge says of a step; `residual` and `point` show where it fails."""

    judge: str
    answer: Answer
    detail: str = ""
    residual: str = ""
    point: str = ""


def judge_algebra(step: Step, context: Context) -> Finding:
    """Derive the line from the one above by the step's rule and compare normal forms."""
    rule = step.rule
    if rule.derive is None:
        return Finding("algebra", "unknown", "the rule does not rewrite")
    if rule.relation not in ("=", step.relation):
        return Finding("algebra", "fails", f"'{rule.name}' proves {rule.relation}, not {step.relation}")
    start, goal = (step.right, step.left) if rule.backwards else (step.left, step.right)
    try:
        derived = rule.derive(start, context)
    except RuleDoesNotApply as refusal:
        return Finding("algebra", "fails", str(refusal))
    rest = difference(derived, goal)
    if rest == 0:
        return Finding("algebra", "holds")
    # for its own order of terms SymPy evaluates integrals: such a residual would take longer to write than to find
    residual = sstr(rest, order="none" if rest.has(sp.Integral) else None)
    return Finding("algebra", "unknown" if rule.kind == "computed" else "fails", "", residual)


def judge_instances(step: Step, context: Context) -> Finding:
    """Evaluate both sides in every model of every instance of the setting."""
    from theory.probability.models import models_of

    outcomes: list[Any] = []
    for where, model in models_of(step.rule.judged_in or step.setting, context.assumed):
        try:
            left, right = (_evaluated(model, side) for side in (step.left, step.right))
        except UnknownNode:
            continue
        agrees = _related(left, right, step.relation)
        if agrees is False:
            return Finding("instance", "fails", model.name, f"{left} {step.relation} {right}", where)
        outcomes += [left] * (agrees is True)
    telling = bool(outcomes) and (step.relation != "<=>" or {True, False} <= set(outcomes))
    return Finding("instance", "holds" if telling else "unknown", f"{len(outcomes)} instances")


def _evaluated(model: Any, side: sp.Basic) -> Any:
    """The value of a line in a model; for an equation, whether it holds there (None where it is undecided)."""
    if not isinstance(side, sp.Eq):
        return model.evaluate(side)
    gap = model.evaluate(side.lhs) - model.evaluate(side.rhs)
    return None if isinstance(gap, sp.Expr) and not gap.is_number else bool(gap == 0)


def _related(left: Any, right: Any, relation: str) -> bool | None:
    if relation == "<=>":
        return None if None in (left, right) else left == right
    if isinstance(left, arb) or isinstance(right, arb):
        gap = arb(right) - arb(left)
        if relation == "<=":
            return False if gap < 0 else None
        return bool(gap.contains(0)) if gap.rad() < arb(10) ** -ENCLOSURE_DIGITS or not gap.contains(0) else None
    if relation == "<=":
        gap = sp.S(right - left) if isinstance(left, sp.Expr) else right - left
        return bool(gap >= 0) if not isinstance(gap, sp.Expr) or gap.is_number else None
    same = left == right
    return True if same else bool(sp.simplify(left - right) == 0) if isinstance(left, sp.Expr) else False


def judge_enclosure(step: Step, context: Context) -> Finding:
    """Enclose both sides at points of the domain; a difference that excludes 0 refutes, one that is narrow confirms."""
    checked = 0
    if step.rule.appeal:
        return Finding("enclosure", "unknown", "left to the judges of the theorems appealed to")
    bases = step.left.atoms(sp.IndexedBase) | step.right.atoms(sp.IndexedBase)
    if not bases <= set(step.arrays):
        return Finding("enclosure", "unknown", "entries of random arrays have no ball")
    try:
        points = list(sample_points(step))
        if step.relation == "~":
            return _judge_asymptotics(step, points)
        for point in points:
            agrees, residual = _compare(step, {**point, **step.arrays})
            if agrees is not True:
                answer: Answer = "fails" if agrees is False else "unknown"
                return Finding("enclosure", answer, "", residual, _shown(point))
            checked += 1
    except (UnknownNode, NotEnclosed) as reason:
        return Finding("enclosure", "unknown", str(reason))
    return Finding("enclosure", "holds" if checked else "unknown", f"{checked} points")


def _shown(point: Mapping[sp.Basic, Any]) -> str:
    return ", ".join(f"{symbol} = {value}" for symbol, value in point.items())


def _judge_asymptotics(step: Step, points: list[dict[sp.Basic, Any]]) -> Finding:
    """(left - right)/error stays bounded along the step's points, whose leading variable grows tenfold each time.

    A wrong term one order below the error makes the quotient grow tenfold; it is allowed to grow GROWTH-fold.
    """
    before: arb | None = None
    for point in points:
        env = {**point, **step.arrays}
        left, right, error = (enclose_within(side, env, 60) for side in (step.left, step.right, step.rule.error))
        quotient = abs((left - right) / error)
        if before is not None and quotient > GROWTH * before:
            return Finding("enclosure", "fails", "", f"{before.str(6)} grows to {quotient.str(6)}", _shown(point))
        if before is not None and not quotient < GROWTH * before:
            return Finding("enclosure", "unknown", "the balls do not decide", "", _shown(point))
        before = quotient
    enough = len(points) > 1
    return Finding("enclosure", "holds" if enough else "unknown", f"{len(points)} points")


def _compare(step: Step, point: Mapping[sp.Basic, Any]) -> tuple[bool | None, str]:
    if step.relation == "<=>":
        left, right = (decide_at(side, point) for side in (step.left, step.right))
        return (None if None in (left, right) else left == right), f"{left} <=> {right}"
    tolerance = arb(10) ** -ENCLOSURE_DIGITS
    lower, upper = (enclose_within(side, point, ENCLOSURE_DIGITS) for side in (step.left, step.right))
    gap: arb = upper - lower
    narrow = gap.rad() < tolerance * (1 + abs(lower))
    residual = f"{lower.str(18)} {step.relation} {upper.str(18)}"
    if step.relation == "<=":
        return (False if gap < 0 else True if gap >= 0 or (gap.contains(0) and narrow) else None), residual
    if not gap.contains(0):
        return False, residual
    return (True if narrow else None), residual


def sample_points(step: Step) -> Iterator[dict[sp.Basic, Any]]:
    """The step's own points, then a spread of at most MOST_POINTS points over the domains of its free symbols."""
    free = sorted(step.free_symbols(), key=str)
    yield from (dict(point) for point in step.points)
    if step.relation == "~":
        return  # only the author knows along which points the error term shrinks
    if any(symbol not in step.domains for symbol in free):
        if not step.points:
            raise UnknownNode(f"no domain is known for one of {free}")
        return
    choices = [step.domains[symbol].samples() for symbol in free]
    combinations = list(itertools.product(*choices))
    stride = max(1, -(-len(combinations) // MOST_POINTS))
    for values in combinations[::stride]:
        point = dict(zip(free, values, strict=True))
        if all(step_condition(condition, point) for condition in step.where):
            yield point


def step_condition(condition: sp.Basic, point: Mapping[sp.Basic, Any]) -> bool:
    """Whether a condition between parameters holds at a point."""
    exact = {s: sp.Rational(Fraction(v).numerator, Fraction(v).denominator) for s, v in point.items()}
    return condition.subs(exact) == sp.true


def verdict_of(step: Step, findings: Iterable[Finding]) -> Verdict:
    """The findings together: the weakest reading that they force."""
    said = {finding.judge: finding.answer for finding in findings}
    if "fails" in said.values():
        return Verdict.REFUTED
    confirmed = step.rule.appeal or "holds" in (said.get("instance"), said.get("enclosure"))
    if step.rule.kind in ("cited", "assumed"):
        follows = said.get("algebra") == "holds"
        return (Verdict.CITED if step.rule.kind == "cited" else Verdict.ASSUMED) if follows else Verdict.UNKNOWN
    if said.get("algebra") == "holds" and confirmed:
        return Verdict.PROVED
    if said.get("enclosure") == "holds" and (step.rule.kind == "computed" or said.get("algebra") == "holds"):
        return Verdict.ENCLOSED
    return Verdict.UNKNOWN
