"""Running checks: plan from derived moments, draw only what fits the budget, one verdict each.

The error rate alpha of a run is divided evenly over its checks, so that the chance of any false alarm is at
most alpha. A check draws from streams named by its label: more checks or another order change no sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from numerics import evidence
from numerics.checks import probability, random_walk, variance
from numerics.checks.check import Check, Claim
from numerics.evidence import BUDGET, RUN_ALPHA, ErrorBudget, Evidence
from numerics.sampling import devices, direct
from theory.proof.library import find, theorems

BETA = 1e-3  # chance that a theorem which is wrong by as much as DETECT passes its check
DETECT = 0.05  # relative error of a theorem's value; a fifth of it needs 25 times the networks
SMALLEST_DETECT = 1e-4  # the float32 normals are wrong by 3e-5 of E w^4 (numerics.sampling.direct)

Progress = Callable[[int, int, str], None]  # done, total, what comes next

STATEMENT = "a statement without parameters: it has no value to compare"
UNCHECKED = "no check is written for it"
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
}


@dataclass(frozen=True)
class Result:
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


@cache
def checks() -> tuple[Check, ...]:
    """All checks, in the order of their subjects."""
    return probability.checks() + variance.checks() + random_walk.checks()


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
    progress: Progress = lambda done, total, what: None,
) -> list[Result]:
    """Run the checks of the named theorems, or all; ``unsampled`` says why a theorem has none.

    alpha: chance of any false alarm in the whole run. beta: chance that a check passes although the
    theorem's value is wrong by the relative error ``detect``. budget: the most networks of one check; a check
    that needs more is undecided without a draw. progress: called before each check and at the end.
    Raises UnknownTheorem for an unknown name; ValueError for ``detect`` outside [1e-4, 1), for an error rate
    outside (0, 1) and for an unknown device; RuntimeError for a device that is not there; DoesNotStand for a
    theorem that is not proved.
    """
    if not SMALLEST_DETECT <= detect < 1:
        raise ValueError(
            f"detect must be at least {SMALLEST_DETECT:g} and below 1, not {detect!r}: float32 samples are too "
            "coarse to tell smaller errors."
        )
    place = devices.resolve(device).type
    wanted = None if names is None else {find(name).name for name in names}
    chosen = [check for check in checks() if wanted is None or check.theorem in wanted]
    errors, results = ErrorBudget(max(1, len(chosen)), alpha), []
    for done, check in enumerate(chosen):
        progress(done, len(chosen), check.label)
        value = check.value
        claim = check.claim(value, detect)
        rates = {"alpha": errors.take(), "beta": beta}
        found = judged(claim, f"verify {check.label}", device=place, budget=budget, **rates)
        about = (check.theorem, check.written, check.quantity)
        results.append(Result(*about, value, claim.mean, place, found))
    progress(len(chosen), len(chosen), "")
    return results


def judged(
    claim: Claim, experiment: str, *, alpha: float, beta: float, device: str = "auto", budget: int = BUDGET
) -> Evidence:
    """Plan one claim and draw the networks of an experiment for it; raises as ``evidence.plan`` does."""
    plan = evidence.plan(
        claim.mean,
        claim.variance,
        shift=claim.shift,
        alpha=alpha,
        beta=beta,
        budget=budget,
        condition=claim.condition,
    )
    blocks = direct.sample(claim.network, budget, experiment=experiment, measure=claim.measure, device=device)
    return evidence.judge(plan, blocks)
