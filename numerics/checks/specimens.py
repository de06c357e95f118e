"""The mutants of a theorem's formulas as its checks meet them: where each has what effect, and who can see it.

A mutant is tried by checks at whose parameters its effect on the value is at least ``LINE``. If there is none, but there
are such parameters in the theorem's domain (the pool of ``numerics.checks.effects``), it survives: a check is missing. It
is below the line only where it is so everywhere in the pool.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from numerics.checks.check import Check, MeanClaim, written
from numerics.checks.effects import ERROR, NoValue, amount, effect, pool
from theory.proof.formula_mutants import Mutant, formula_mutants
from theory.proof.theorem import Theorem

LINE = 0.01  # relative change of a value from which on a check must notice
VANISHING = 1e-9  # of the value: this much stands for a claim of 0, which no relative error could be detected in
MISSING = "no check at parameters where it matters"

Fate = Literal["killed", "survived", "below", "no value"]
Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant.

    ``change``: in words, after the theorem's choice of names. ``effect``: on the value, at the parameters ``at``: where
    the mutant was tried, else where its effect is largest or reaches the line; None where it has no value anywhere.
    ``networks``: judged. ``reason``: why it survived.
    """

    change: str
    fate: Fate
    effect: float | None
    at: dict[str, str]
    networks: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Trial:
    """A mutant at a check's parameters, where it changes the theorem's ``value`` into ``changed``."""

    check: Check
    value: float
    changed: float

    @property
    def effect(self) -> float:
        """The relative change."""
        return effect(self.value, self.changed)

    def control(self, detect: float) -> MeanClaim:
        """What the check claims of the formula itself, to be seen as sharply as a mutant of this effect."""
        return self._claim(self.value, detect)

    def claim(self) -> MeanClaim:
        """What the check claims if the mutant is believed; its shift is the one from the true value."""
        shift = self.control(self.effect).shift
        return replace(self._claim(self.changed or VANISHING * self.value, LINE), shift=shift)

    def _claim(self, value: float, detect: float) -> MeanClaim:
        claim = self.check.claim(value, detect)
        if not isinstance(claim, MeanClaim):
            raise TypeError(f"{self.check.label}: a claim about a mean was expected, not a {type(claim).__name__}")
        return claim


@dataclass(frozen=True)
class Specimen:
    """A mutant with its ``trials``; without any, its ``outcome`` is known."""

    name: str
    trials: tuple[Trial, ...] = ()
    outcome: Outcome | None = None


def survey(theorem: Theorem, checked: Sequence[Check]) -> list[Specimen]:
    """The mutants of a theorem's formulas: one formula for each choice of names that has a check.

    ``checked``: checks of the theorem's value. Raises DoesNotStand.
    """
    by_choice: dict[tuple[str, ...], list[Check]] = {}
    for check in checked:
        by_choice.setdefault(theorem.bind(check.parameters)[0], []).append(check)
    return [s for chosen, group in by_choice.items() for s in _specimens(theorem, chosen, group)]


def _specimens(theorem: Theorem, chosen: tuple[str, ...], checked: Sequence[Check]) -> Iterator[Specimen]:
    formula = theorem.value(*chosen)
    values: dict[str, float] = {}

    def change(mutant: Mutant, at: Parameters) -> tuple[float, float]:
        """The value at some parameters, and the mutant's."""
        environment, place = theorem.environment(theorem.bind(at)[1]), str(_written(at))
        if place not in values:
            values[place] = amount(formula, environment)
        if values[place] == 0:
            raise NoValue("a change of 0 has no relative size")
        return values[place], amount(mutant.expression, environment)

    given = frozenset(theorem.environment(theorem.bind(checked[0].parameters)[1]))
    points = [*(check.parameters for check in checked), *pool(theorem, chosen)]
    for mutant in formula_mutants(formula, given):
        name = " ".join([*chosen, mutant.change])
        trials = tuple(_trials(mutant, checked, change))
        yield Specimen(name, trials, None if trials else _untried(name, mutant, points, change))


Change = Callable[[Mutant, Parameters], tuple[float, float]]


def _trials(mutant: Mutant, checked: Sequence[Check], change: Change) -> Iterator[Trial]:
    for check in checked:
        try:
            trial = Trial(check, *change(mutant, check.parameters))
        except NoValue:
            continue
        if trial.effect >= LINE - ERROR:
            yield trial


def _untried(name: str, mutant: Mutant, points: Iterable[Parameters], change: Change) -> Outcome:
    """A mutant that no check meets above the line: it lives if it is above elsewhere."""
    largest, where = None, {}
    for at in points:
        try:
            found = effect(*change(mutant, at))
        except NoValue:
            continue
        if largest is None or found > largest:
            largest, where = found, _written(at)
        if found >= LINE - ERROR:
            return Outcome(name, "survived", found, where, reason=MISSING)
    return Outcome(name, "no value" if largest is None else "below", largest, where)


def _written(parameters: Parameters) -> dict[str, str]:
    return {name: written(setting) for name, setting in parameters.items()}
