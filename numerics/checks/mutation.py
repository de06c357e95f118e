"""Would the samples notice?  Every formula is changed a little, and its theorem's checks must refute what comes out.

A theorem's check claims a mean that follows from the theorem's value. Here it claims the value of a mutant of the formula
(``theory.proof.formula_mutants``). Where the mutant's effect on the value (``numerics.checks.effects``) is at least
``LINE``, the check must refute it: it is planned to see just this effect, so that it does, except with probability beta.
A mutant that is refuted is *killed*; the smallest effect that was killed is the theorem's *resolution*.

*Controls.* A check that refutes everything kills every mutant. So on the same samples, planned to see what its smallest
mutant changes, each check must agree with the formula itself; if not, it kills none.

*Error rates.* Let M be the number of mutants tried and controls. Each is judged with alpha/M and beta/M. Then, however
samples are shared, the chance that any control refutes a true formula is at most alpha, and the chance that any mutant
survives although its check's variance bound is right is at most beta.

*Where.* Of a theorem's checks, a mutant is tried by the one that needs the fewest networks. If at no check's parameters
it reaches the line, but it does at other parameters of the theorem's domain, it survives: a check is missing. It is below
the line only where it is so at all parameters in the pool of ``effects``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from numerics.checks.check import Check, MeanClaim, written
from numerics.checks.effects import ERROR, NoValue, amount, effect, pool
from numerics.checks.run import Progress, checks
from numerics.evidence import BUDGET, RUN_ALPHA, Evidence, Plan, judge
from numerics.sampling import devices
from theory.proof.formula_mutants import Mutant, formula_mutants
from theory.proof.library import find
from theory.proof.theorem import Theorem

LINE = 0.01  # relative change of a value from which on a check must notice
RUN_BETA = 1e-3  # chance that any mutant of a whole run survives by bad luck
LARGEST = 1e6  # an effect beyond is planned as this one: what is further off is refuted no less often
Fate = Literal["killed", "survived", "below", "no value"]
Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant.

    ``change``: in words, with the theorem's choice of names. ``effect``: on the value, at the parameters ``at``: where it
    was tried, else where it is largest; None where the mutant has no value anywhere. ``networks``: judged. ``reason``:
    why it survived.
    """

    change: str
    fate: Fate
    effect: float | None
    at: dict[str, str]
    networks: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Resolution:
    """All mutants of one theorem. ``controls``: the checks that failed on the formula itself, and how."""

    theorem: str
    outcomes: tuple[Outcome, ...]
    controls: tuple[str, ...]

    def having(self, fate: Fate) -> tuple[Outcome, ...]:
        """The mutants with one fate."""
        return tuple(outcome for outcome in self.outcomes if outcome.fate == fate)

    @property
    def resolution(self) -> float | None:
        """The smallest effect on the theorem's value that was killed; None where nothing was."""
        return min((killed.effect for killed in self.having("killed") if killed.effect is not None), default=None)

    @property
    def holds(self) -> bool:
        """Whether no mutant survived and every check agrees with the formula itself."""
        return not self.having("survived") and not self.controls


@dataclass(frozen=True)
class Trial:
    """A mutant at a check's parameters, where it changes the theorem's ``value`` into ``changed``."""

    check: Check
    value: float
    changed: float
    effect: float

    def claim(self) -> MeanClaim:
        """What the check claims if the mutant is believed; its shift is the one from the true value."""
        shift = claimed(self.check, self.value, min(self.effect, LARGEST)).shift
        return replace(claimed(self.check, self.changed, LINE), shift=shift)


@dataclass
class Specimen:
    """A mutant on its way: where it reaches the line, or else what is known of it."""

    name: str
    trials: list[Trial] = field(default_factory=list)
    outcome: Outcome | None = None


def mutate(
    names: Sequence[str] | None = None,
    *,
    device: str = "auto",
    alpha: float = RUN_ALPHA,
    beta: float = RUN_BETA,
    budget: int = BUDGET,
    progress: Progress = lambda done, total, what: None,
) -> list[Resolution]:
    """Try all mutants of the named theorems that have checks, or of all; one account a theorem.

    alpha: chance that any control of the run refutes a true formula. beta: chance that any mutant survives by bad luck.
    budget: the most networks of one claim; a mutant that needs more survives. progress: called before each theorem, first
    for the search for mutants, then for their trial. Raises UnknownTheorem, DoesNotStand, ValueError for an error rate
    outside (0, 1) or an unknown device, RuntimeError for a device that is not there.
    """
    place = devices.resolve(device).type
    wanted = None if names is None else {find(name).name for name in names}
    checked = [c for c in checks() if not c.of_function and (wanted is None or c.theorem in wanted)]
    subjects = list(dict.fromkeys(check.theorem for check in checked))
    specimens = {}
    for done, name in enumerate(subjects):
        progress(done, 2 * len(subjects), f"mutants of {name}")
        specimens[name] = survey(find(name), [check for check in checked if check.theorem == name])
    judged = len(checked) + sum(bool(s.trials) for found in specimens.values() for s in found)
    court = Court(place, alpha / max(1, judged), beta / max(1, judged), budget)
    results = []
    for done, name in enumerate(subjects):
        progress(len(subjects) + done, 2 * len(subjects), f"trial of {name}")
        results.append(court.resolution(name, specimens[name]))
    progress(2 * len(subjects), 2 * len(subjects), "")
    return results


# --- which mutants matter, and where -----------------------------------------------------------------------


def survey(theorem: Theorem, checked: Sequence[Check]) -> list[Specimen]:
    """The mutants of a theorem's formulas (one for each choice of names that has a check), with their trials."""
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
    points = [check.parameters for check in checked], list(pool(theorem, chosen))
    for mutant in formula_mutants(formula, given):
        specimen = Specimen(" ".join([*chosen, mutant.change]))
        for check in checked:
            try:
                value, changed = change(mutant, check.parameters)
            except NoValue:
                continue
            if changed != 0 and effect(value, changed) >= LINE - ERROR:  # a check claims relative to a value
                specimen.trials.append(Trial(check, value, changed, effect(value, changed)))
        if not specimen.trials:
            specimen.outcome = _untried(specimen.name, lambda at, m=mutant: effect(*change(m, at)), *points)
        yield specimen


def _untried(
    name: str, size: Callable[[Parameters], float], sampled: Iterable[Parameters], others: Iterable[Parameters]
) -> Outcome:
    """A mutant that no check meets above the line: it lives if it is above elsewhere."""
    largest, where = None, {}
    for at in (*sampled, *others):
        try:
            found = size(at)
        except NoValue:
            continue
        if largest is None or found > largest:
            largest, where = found, _written(at)
        if found >= LINE - ERROR:
            return Outcome(name, "survived", found, where, reason="no check at parameters where it matters")
    return Outcome(name, "no value" if largest is None else "below", largest, where)


# --- the trials --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A trial with its claim and plan."""

    name: str
    trial: Trial
    claim: MeanClaim
    plan: Plan

    @property
    def cost(self) -> tuple[bool, float]:
        """Over the budget or not, then the blocks it draws: what to spend least of."""
        return not self.plan.feasible, self.plan.networks / self.claim.sampler.block_size(self.claim.network)


@dataclass(frozen=True)
class Court:
    """How claims are judged: on which device, with which rates each, within which budget."""

    device: str
    alpha: float
    beta: float
    budget: int

    def resolution(self, theorem: str, specimens: Sequence[Specimen]) -> Resolution:
        """Try a theorem's mutants, check by check."""
        outcomes = {s.name: s.outcome for s in specimens}
        by_check: dict[str, list[Case]] = {}
        for specimen in specimens:
            if specimen.trials:
                case = self.case(specimen)
                if isinstance(case, Case):
                    by_check.setdefault(case.trial.check.label, []).append(case)
                else:
                    outcomes[specimen.name] = case
        controls = [self.judge_check(cases, outcomes) for cases in by_check.values()]
        tried = tuple(outcome for outcome in outcomes.values() if outcome is not None)
        return Resolution(theorem, tried, tuple(filter(None, controls)))

    def case(self, specimen: Specimen) -> Case | Outcome:
        """The cheapest trial of a mutant, or its survival where its value cannot be claimed."""
        cases: list[Case] = []
        for trial in specimen.trials:
            try:
                claim = trial.claim()
                cases.append(Case(specimen.name, trial, claim, self.plan(claim)))
            except ValueError as refusal:
                lost = Outcome(specimen.name, "survived", trial.effect, trial.check.written, reason=str(refusal))
        return min(cases, key=lambda case: case.cost) if cases else lost

    def plan(self, claim: MeanClaim) -> Plan:
        """The plan of a claim; raises ValueError."""
        return claim.plan(alpha=self.alpha, beta=self.beta, budget=self.budget)

    def judge_check(self, cases: Sequence[Case], outcomes: dict[str, Outcome | None]) -> str:
        """Give the mutants of one check their outcomes; returns how the check fails on the formula itself, or ""."""
        first = cases[0].trial
        sharpest = min([LARGEST, *(case.trial.effect for case in cases if case.plan.feasible)])
        control = claimed(first.check, first.value, sharpest)
        sample = Sample(self.draw(control, f"mutate {first.check.label}"))
        found = judge(self.plan(control), sample)
        failure = "" if found.verdict == "agrees" else f"{first.check.label}: {_why(found)}"
        for case in cases:
            outcomes[case.name] = self.judge_mutant(case, control, sample, failure)
        return failure

    def judge_mutant(self, case: Case, control: MeanClaim, sample: Sample, failure: str) -> Outcome:
        """Try one mutant: on the control's sample, if it claims the same network and measures the same."""
        claim, check = case.claim, case.trial.check
        shared = claim.network == control.network and claim.measure is control.measure
        about: dict[str, Any] = {"effect": case.trial.effect, "at": check.written}
        try:
            found = judge(case.plan, sample if shared else self.draw(claim, f"mutate {check.label}: {case.name}"))
        except (OverflowError, ValueError) as refusal:  # networks with this value cannot be drawn or measured
            return Outcome(case.name, "survived", reason=str(refusal), **about)
        killed = found.verdict == "refuted" and not failure
        reason = "" if killed else failure or _why(found)
        return Outcome(case.name, "killed" if killed else "survived", networks=found.networks, reason=reason, **about)

    def draw(self, claim: MeanClaim, experiment: str) -> Iterator[Any]:
        """The measured blocks of an experiment, drawn as they are asked for."""
        what = {"experiment": experiment, "measure": claim.measure, "device": self.device}
        drawn: Iterator[Any] = claim.sampler.sample(claim.network, self.budget, **what)
        return drawn


class Sample:
    """Blocks that can be read again from the start; each is drawn once, when first needed."""

    def __init__(self, source: Iterator[Any]) -> None:
        self.source = source
        self.drawn: list[Any] = []

    def __iter__(self) -> Iterator[Any]:
        at = 0
        while True:
            if at == len(self.drawn):
                block = next(self.source, None)
                if block is None:
                    return
                self.drawn.append(block)
            yield self.drawn[at]
            at += 1


def claimed(check: Check, value: float, detect: float) -> MeanClaim:
    """What a check claims of the mean it measures, if the theorem's value is the one given."""
    claim = check.claim(value, detect)
    if not isinstance(claim, MeanClaim):
        raise TypeError(f"{check.label}: a claim about a mean was expected, not a {type(claim).__name__}")
    return claim


def _why(found: Evidence) -> str:
    return found.reason or f"{found.verdict}: {found.estimate:.6g} ± {found.standard_error:.2g}"


def _written(parameters: Parameters) -> dict[str, str]:
    return {name: written(setting) for name, setting in parameters.items()}
