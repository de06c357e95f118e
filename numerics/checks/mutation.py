"""Would the samples notice?  Every formula is changed a little, and its theorem's checks must refute what comes out.

A theorem's check claims a mean that follows from the theorem's value. Here it claims the value of a mutant of the formula
(``theory.proof.formula_mutants``). Where the mutant's effect on the value is at least ``LINE``, the check must refute it:
it is planned to see just this effect, so that it does, except with probability beta. A mutant that is refuted is
*killed*; the smallest effect that was killed is the theorem's *resolution*. Of several checks the one that draws least is
asked; what needs more networks than the budget has survived.

*Controls.* A check that refutes everything would kill every mutant. So on the same samples, and as sharply as its sharpest
mutant, each check must agree with the formula itself; if not, it kills none.

*Error rates.* The T theorems with checks have equal parts of alpha and beta, and so have the M mutants and controls of one:
each is judged with alpha/(T M) and beta/(T M). Then, however samples are shared, the chance that any control refutes a true
formula is at most alpha, the chance that any mutant that fits the budget survives is at most beta, and what is found for a
theorem does not depend on which others are tried (``numerics.checks.resolution`` keeps it).

Assumptions: those of ``numerics.evidence``; in particular the checks' variance bounds are right. A check that returns the
derived value without a look at the network kills mutants too: what it measures is for its reader to see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from numerics.checks.check import Check, MeanClaim
from numerics.checks.run import Progress, checks
from numerics.checks.specimens import Fate, Outcome, Specimen, Trial, survey
from numerics.evidence import RUN_ALPHA, Evidence, Plan, judge
from numerics.sampling import devices
from theory.proof.library import find

BUDGET = 4 * 10**7  # networks of one claim: the line is five times finer than what verify detects
RUN_BETA = 1e-3  # chance that any mutant of a whole run survives by bad luck


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


def mutate(
    names: Sequence[str] | None = None,
    *,
    device: str = "auto",
    alpha: float = RUN_ALPHA,
    beta: float = RUN_BETA,
    budget: int = BUDGET,
    progress: Progress = lambda done, total, what: None,
) -> list[Resolution]:
    """Try all mutants of the named theorems, or of all, that have checks of their value; one account a theorem.

    alpha: chance that any control of a run over all theorems refutes a true formula. beta: chance that any mutant within
    the budget survives. budget: the most networks of one claim. progress: called before each theorem, first for the search
    for mutants, then for their trial. Raises UnknownTheorem, DoesNotStand, ValueError for an error rate outside (0, 1) or an
    unknown device, RuntimeError for a device that is not there.
    """
    place = devices.resolve(device).type
    wanted = None if names is None else {find(name).name for name in names}
    by_theorem = checked()
    subjects = [name for name in by_theorem if wanted is None or name in wanted]
    specimens = {}
    for done, name in enumerate(subjects):
        progress(done, 2 * len(subjects), f"mutants of {name}")
        specimens[name] = survey(find(name), by_theorem[name])
    results = []
    for done, name in enumerate(subjects, len(subjects)):
        progress(done, 2 * len(subjects), f"trial of {name}")
        judged = len(by_theorem) * (len(by_theorem[name]) + sum(bool(s.trials) for s in specimens[name]))
        results.append(Court(place, alpha / judged, beta / judged, budget).resolution(name, specimens[name]))
    progress(2 * len(subjects), 2 * len(subjects), "")
    return results


def checked() -> dict[str, list[Check]]:
    """Every theorem that has checks of its value, with these."""
    found: dict[str, list[Check]] = {}
    for check in checks():
        if not check.of_function:
            found.setdefault(check.theorem, []).append(check)
    return found


@dataclass(frozen=True)
class Case:
    """A mutant's trial with its claim and plan."""

    name: str
    trial: Trial
    claim: MeanClaim
    plan: Plan

    @property
    def cost(self) -> tuple[bool, bool, float]:
        """What to have least of: an exceeded budget, a claim of 0 (a gain of 0 is no network's), blocks to draw."""
        blocks = self.plan.networks / self.claim.sampler.block_size(self.claim.network)
        return not self.plan.feasible, self.trial.changed == 0, blocks

    def outcome(self, fate: Fate, networks: int = 0, reason: str = "") -> Outcome:
        """What became of the mutant."""
        return Outcome(self.name, fate, self.trial.effect, self.trial.check.written, networks, reason)


@dataclass(frozen=True)
class Control:
    """The formula itself before a check: its ``claim``, the ``sample``, and the smallest effect it was decided for.

    ``failure``: why the check does not agree with the formula, or empty.
    """

    claim: MeanClaim
    sample: Sample
    sharpness: float
    failure: str


@dataclass(frozen=True)
class Court:
    """How claims are judged: on which device, with which rates each, within which budget."""

    device: str
    alpha: float
    beta: float
    budget: int

    def resolution(self, theorem: str, specimens: Sequence[Specimen]) -> Resolution:
        """Try a theorem's mutants, check by check."""
        outcomes = {specimen.name: specimen.outcome for specimen in specimens}
        by_check: dict[str, list[Case]] = {}
        for specimen in specimens:
            case = self.case(specimen) if specimen.trials else None
            if isinstance(case, Case):
                by_check.setdefault(case.trial.check.label, []).append(case)
            elif case is not None:
                outcomes[specimen.name] = case
        failures = []
        for label, cases in by_check.items():
            control = self.control(label, cases)
            failures += [control.failure] if control.failure else []
            outcomes |= {case.name: self.judge_mutant(case, control) for case in cases}
        return Resolution(theorem, tuple(filter(None, outcomes.values())), tuple(failures))

    def case(self, specimen: Specimen) -> Case | Outcome:
        """The trial of a mutant that draws least, or its survival where no check can claim its value."""
        cases: list[Case] = []
        for trial in specimen.trials:
            try:
                claim = trial.claim()
                cases.append(Case(specimen.name, trial, claim, self.plan(claim)))
            except ValueError as refusal:
                lost = Outcome(specimen.name, "survived", trial.effect, trial.check.written, reason=str(refusal))
        return min(cases, key=lambda case: case.cost) if cases else lost

    def control(self, label: str, cases: Sequence[Case]) -> Control:
        """Judge the formula as sharply as the sharpest of the check's mutants for which the budget suffices."""
        trial = cases[0].trial
        sharpest, *others = sorted({case.trial.effect for case in cases})
        claim = trial.control(sharpest)
        sample = Sample(self.draw(claim, f"mutate {label}"))
        found = judge(self.plan(claim), sample)
        while found.verdict == "undecided" and others:
            sharpest = others.pop(0)
            found = judge(self.plan(trial.control(sharpest)), sample)
        return Control(claim, sample, sharpest, "" if found.verdict == "agrees" else f"{label}: {_why(found)}")

    def judge_mutant(self, case: Case, control: Control) -> Outcome:
        """Try one mutant: on the control's sample, if it claims the same network and measures the same."""
        claim = case.claim
        shared = claim.network == control.claim.network and claim.measure is control.claim.measure
        try:
            blocks = control.sample if shared else self.draw(claim, f"mutate {case.trial.check.label}: {case.name}")
            found = judge(case.plan, blocks)
        except (OverflowError, ValueError) as refusal:  # networks with this value cannot be drawn or measured
            return case.outcome("survived", reason=str(refusal))
        if found.verdict != "refuted":
            return case.outcome("survived", found.networks, _why(found))
        if control.failure or case.trial.effect < control.sharpness:
            return case.outcome("survived", found.networks, control.failure or "the control is not as sharp")
        return case.outcome("killed", found.networks)

    def plan(self, claim: MeanClaim) -> Plan:
        """The plan of a claim; raises ValueError."""
        return claim.plan(alpha=self.alpha, beta=self.beta, budget=self.budget)

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


def _why(found: Evidence) -> str:
    return found.reason or f"{found.verdict}: {found.estimate:.6g} ± {found.standard_error:.2g}"
