"""Running checks: plan from derived moments, draw only what fits the budget, one verdict each.

The error rate alpha of a run is divided evenly over its checks, so that the chance of any false alarm is at
most alpha. A check draws from streams named by its label: more checks or another order change no sample.

With a record (``numerics.evidence.record``) a run that was interrupted continues where it was, and what is decided is not
drawn again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numerics import evidence
from numerics.checks import failure_modes, gains, probability, random_walk, shattering, variance
from numerics.checks.check import Check, Claim
from numerics.evidence import BUDGET, RUN_ALPHA, ErrorBudget, Evidence, Plan, provenance
from numerics.evidence.record import Recorder, recording
from numerics.sampling import devices
from theory.proof.library import find, theorems
from theory.proof.shown import Facts, Page, Shown, Words

if TYPE_CHECKING:
    import torch

BETA = 1e-3  # chance that a theorem which is wrong by as much as DETECT passes its check
DETECT = 0.05  # relative error of a theorem's value; a fifth of it needs 25 times the networks
SMALLEST_DETECT = 1e-4  # the float32 normals are wrong by 3e-5 of E w^4 (numerics.sampling.direct)

Progress = Callable[[int, int, str], None]  # done, total, what comes next

STATEMENT = "a statement without parameters: it has no value to compare"
UNCHECKED = "no check is written for it"
_OF_SAMPLED = "a bound, a limit or an asymptote of shattering.* theorems that are sampled"
_INFINITE = "a limit, width to infinity: no network has this value"
_REASONS = {
    "variance.mean_singular_value": "a limit, width to infinity: no network has this value",
    "random_walk.fair_coin_masks": "a statement; the rectifier checks of random_walk meet real masks and rest on it",
    "random_walk.gap": "random_walk.ratio_transform, which is sampled, less exp(-e^y)",
    "random_walk.active_gap": "random_walk.active_transform, which is sampled, less exp(-e^y)",
    "random_walk.normal_transform": "sampled as random_walk.ratio_transform, which has its value",
    "random_walk.normal_log_mean": "sampled as random_walk.linear_log_mean, which has its value",
    "random_walk.active_log_mean": "sampled as random_walk.relu_log_mean, which has its value",
    "random_walk.active_log_variance": "sampled as random_walk.relu_log_variance, which has its value",
    "random_walk.relu_gain_fit": "printed in the paper, not derived: compare it with random_walk.relu_gain",
    "random_walk.relu_gain_series": "an asymptotic series of random_walk.relu_gain, which is sampled",
    "shattering.centred_correlation": "sampled as shattering.normalized_coactivation, which is a function of it",
    **{
        f"shattering.{name}": _OF_SAMPLED
        for name in (
            *("highway_limit", "normalized_resnet_lower_bound", "normalized_resnet_upper_bound"),
            *("normalized_resnet_constant", "normalized_resnet_asymptote"),
        )
    },
    **{
        f"shattering.{name}": _INFINITE
        for name in (
            *("relu_correlation", "relu_gradient_correlation", "relu_gradient_lower_bound", "relu_angle"),
            "coactivation_climbs",
        )
    },
}


@dataclass(frozen=True)
class Result(Shown):
    """A check that was run.

    ``parameters``, ``value``: the theorem's. ``expected``: the mean that this value claims for ``quantity``.
    ``device``: where it was drawn. ``evidence``: verdict, estimate, standard error, z-score, detectable shift,
    networks, excluded, alpha, beta, seconds.
    """

    theorem: str
    parameters: dict[str, str]
    quantity: str
    value: float
    expected: float
    device: str
    evidence: Evidence

    def _page(self) -> Page:
        expected = () if math.isnan(self.expected) else (("expected", f"{self.expected:.6g}"),)
        facts = Facts((*self.parameters.items(), *expected, *self.evidence.facts()))
        return Page(f"{self.theorem}: {self.evidence.verdict}", (Words(self.quantity), facts))


@cache
def checks() -> tuple[Check, ...]:
    """All checks, in the order of their subjects."""
    subjects = (probability, variance, gains, random_walk, failure_modes, shattering)
    return tuple(check for subject in subjects for check in subject.checks())


def unsampled() -> dict[str, str]:
    """Every theorem that no check samples, and the reason."""
    sampled = {check.theorem for check in checks()}
    return {
        theorem.name: _REASONS.get(theorem.name, UNCHECKED if theorem.parameters else STATEMENT)
        for theorem in theorems()
        if theorem.name not in sampled
    }


def verify(
    names: Sequence[str] | None = None,
    *,
    device: str = "auto",
    alpha: float = RUN_ALPHA,
    beta: float = BETA,
    detect: float = DETECT,
    budget: int = BUDGET,
    record: Path | None = None,
    progress: Progress = lambda done, total, what: None,
) -> list[Result]:
    """Run the checks of the named theorems, or all; ``unsampled`` says why a theorem has none.

    alpha: chance of any false alarm in the whole run. beta: chance that a check passes although the
    theorem's value is wrong by the relative error ``detect``. budget: the most networks of one check; a check
    that needs more is undecided without a draw. record: a file that keeps the run; if it has one, that is resumed.
    progress: called before each check and at the end.
    Raises UnknownTheorem for an unknown name; ValueError for ``detect`` outside [1e-4, 1), for an error rate
    outside (0, 1) and for an unknown device; RuntimeError for a device that is not there; DoesNotStand for a
    theorem that is not proved; NotRecorded for a record that cannot be written, or is of another run.
    """
    if not SMALLEST_DETECT <= detect < 1:
        raise ValueError(
            f"detect must be at least {SMALLEST_DETECT:g} and below 1, not {detect!r}: float32 samples are too "
            "coarse to tell smaller errors."
        )
    place = devices.resolve(device)
    wanted = None if names is None else {find(name).name for name in names}
    chosen = [check for check in checks() if wanted is None or check.theorem in wanted]
    errors, results = ErrorBudget(max(1, len(chosen)), alpha), []
    rates = {"alpha": alpha, "beta": beta, "detect": detect, "budget": budget}
    with _recording(record, place, rates, chosen) as recorder:
        for done, check in enumerate(chosen):
            progress(done, len(chosen), check.label)
            value = check.value
            claim = check.claim(value, detect)
            plan = claim.plan(alpha=errors.take(), beta=beta, budget=budget)
            experiment = f"verify {check.label}"
            if recorder is None:
                found = evidence.judge(plan, _blocks(claim, experiment, place.type, budget))
            else:
                found = _recorded(recorder, check, value, claim, plan, experiment, place.type)
            about = (check.theorem, check.written, check.quantity)
            results.append(Result(*about, value, claim.expected, place.type, found))
    progress(len(chosen), len(chosen), "")
    return results


def judged(
    claim: Claim, experiment: str, *, alpha: float, beta: float, device: str = "auto", budget: int = BUDGET
) -> Evidence:
    """Plan one claim and draw the networks of an experiment for it; raises as ``evidence.plan`` does."""
    plan = claim.plan(alpha=alpha, beta=beta, budget=budget)
    return evidence.judge(plan, _blocks(claim, experiment, device, budget))


def _blocks(claim: Claim, experiment: str, device: str, budget: int, first: int = 0) -> Iterator[Any]:
    """The measured values of the networks of an experiment, from the block ``first`` on."""
    where: dict[str, Any] = {"experiment": experiment, "device": device, "first": first}
    blocks: Iterator[Any] = claim.sampler.sample(claim.network, budget, measure=claim.measure, **where)
    return blocks


# --- the record --------------------------------------------------------------------------------------------


def _recording(
    path: Path | None, place: torch.device, rates: dict[str, Any], chosen: Sequence[Check]
) -> AbstractContextManager[Recorder | None]:
    """The recorder of a run, or None, as a context."""
    if path is None:
        return nullcontext()
    names = list(dict.fromkeys(check.theorem for check in chosen))
    return recording(path, {**rates, "theorems": names, **provenance.origin(place)})


def _recorded(
    recorder: Recorder, check: Check, value: float, claim: Claim, plan: Plan, experiment: str, device: str
) -> Evidence:
    """Judge a check from where its record ends."""
    entry = recorder.resume(_about(check, value, claim, plan, experiment))
    if entry.evidence is not None:
        return entry.evidence
    blocks = _blocks(claim, experiment, device, plan.budget, entry.block)
    found = evidence.judge(plan, blocks, start=entry.sums, seconds=entry.seconds, keep=recorder.block)
    recorder.finish(found)
    return found


def _about(check: Check, value: float, claim: Claim, plan: Plan, experiment: str) -> dict[str, Any]:
    """All that must be the same for a check to be continued."""
    promised = {f.name: getattr(plan, f.name) for f in fields(plan)}
    return {
        "check": check.label,
        "theorem": check.theorem,
        "theorem_hash": provenance.theorem_hash(find(check.theorem)),
        "parameters": check.written,
        "quantity": check.quantity,
        "value": None if math.isnan(value) else value,
        "expected": claim.expected,
        "network": repr(claim.network),
        "sampler": claim.sampler.__name__.rpartition(".")[2],
        "block_size": claim.sampler.block_size(claim.network),
        "experiment": experiment,
        "plan": {"kind": plan.kind, **{k: v for k, v in promised.items() if isinstance(v, (int, float, str))}},
    }
