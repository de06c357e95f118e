"""Every theorem is sampled or says why not; each check agrees with its theorem and refutes a wrong one."""

import itertools
import math
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import polygamma

from numerics.checks import checks, judged, unsampled, verify
from numerics.checks.check import Check, IndependenceClaim, derived
from numerics.checks.moments import (
    KURTOSIS,
    fourth_norm,
    log_fourth_moment,
    log_ratio_fourth_moment,
    mean_square_variance,
    weight_moments,
)
from numerics.checks.run import UNCHECKED
from numerics.checks.walks import leaky_bound, log_variance, orthogonal_variance, squared_walk_variance
from numerics.evaluate import value
from theory.proof.library import UnknownTheorem, theorems

DETECT = 0.2  # sixteen times fewer networks than at the default of verify
RATE = 1e-9  # of the error that a test does not have a share for: on a true claim beta, on a wrong one alpha
CHECKS = checks()
CHEAP = ("random_walk.relu_gain", "random_walk.orthogonal_relu_gain", "variance.jacobian_factor")


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


# --- nothing vanishes --------------------------------------------------------------------------------------


def test_every_theorem_is_sampled_or_has_a_reason():
    own = {theorem.name for theorem in theorems() if theorem.builder.__module__.startswith("theory.")}
    sampled, reasons = {check.theorem for check in CHECKS}, unsampled()
    assert not sampled & set(reasons)
    assert own <= sampled | set(reasons)
    assert sampled <= own
    assert [name for name in own & set(reasons) if reasons[name] == UNCHECKED] == []


def test_a_theorem_that_nobody_wrote_a_check_for_is_named(monkeypatch):
    mine = SimpleNamespace(name="mine.value", parameters=(object(),))
    monkeypatch.setattr("numerics.checks.run.theorems", lambda: (mine,))
    assert unsampled() == {"mine.value": UNCHECKED}


def test_labels_which_name_the_random_streams_are_unique():
    assert len({check.label for check in CHECKS}) == len(CHECKS)


# --- verdicts ----------------------------------------------------------------------------------------------


@pytest.mark.sampled(checks=3)
@pytest.mark.parametrize("check", [c for c in CHECKS if not c.of_function], ids=lambda check: check.label)
def test_a_check_agrees_with_its_theorem_and_refutes_values_wrong_by_what_it_detects(sampled, check):
    def found(factor, **rates):
        claim = check.claim(check.value * factor, DETECT)
        return judged(claim, f"power {check.label}", **({"alpha": RATE, "beta": RATE} | rates), device="cpu")

    sampled.agrees(lambda alpha: found(1, alpha=alpha), detects=DETECT)
    for factor in (1 / (1 - DETECT), 1 / (1 + DETECT)):
        sampled.refutes(lambda beta, factor=factor: found(factor, beta=beta))


def wrong_law(claim):
    """A distribution function that is ahead of the true one by the distance to be found."""
    return replace(claim, cdf=lambda x: np.minimum(1, claim.cdf(x) + claim.distance))


def one_factor(claim):
    """Factors of rank correlation 1: the first one, repeated."""
    return replace(claim, measure=lambda seen: claim.measure(seen)[:, :1].expand(-1, claim.factors))


@pytest.mark.sampled(checks=2)
@pytest.mark.parametrize("check", [c for c in CHECKS if c.of_function], ids=lambda check: check.label)
def test_a_check_of_a_law_or_of_independence_agrees_and_refutes_a_wrong_law_or_a_repeated_factor(sampled, check):
    claim = check.claim(math.nan, DETECT)
    wrong = one_factor(claim) if isinstance(claim, IndependenceClaim) else wrong_law(claim)
    about = {"experiment": f"structure {check.label}", "device": "cpu"}
    sampled.agrees(lambda alpha: judged(claim, alpha=alpha, beta=RATE, **about), detects=DETECT)
    sampled.refutes(lambda beta: judged(wrong, alpha=RATE, beta=beta, **about))


@pytest.mark.sampled
@settings(max_examples=15)
@given(seed=st.integers(0, 2**63), check=st.sampled_from([c for c in CHECKS if c.theorem in CHEAP]))
def test_cheap_checks_agree_for_every_seed(sampled, seed, check):
    claim = check.claim(check.value, DETECT)
    found = sampled.agrees(
        lambda alpha: judged(claim, f"seed {seed} {check.label}", alpha=alpha, beta=RATE, device="cpu"), detects=DETECT
    )
    assert (found.excluded > 0) <= bool(found.condition)


@pytest.mark.sampled(checks=2)
def test_dead_layers_are_excluded_and_counted(sampled):
    """Four layers of four units: one network in 1 - (15/16)^4 = 0.23 has a dead layer."""
    (check,) = (c for c in CHECKS if c.theorem == "random_walk.relu_gain" and c.parameters["N"] == 4)
    claim = check.claim(check.value, DETECT)
    found = sampled.agrees(lambda alpha: judged(claim, "dead", alpha=alpha, beta=RATE, device="cpu"), detects=DETECT)
    assert found.condition == "no dead layer"
    alive, drawn = (15 / 16) ** 4, found.networks + found.excluded
    slack = math.sqrt(math.log(2 / sampled.alpha(networks=drawn)) / (2 * drawn))  # Hoeffding
    assert abs(found.networks / drawn - alive) <= slack
    assert found.excluded > 0


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.label)
def test_a_check_beyond_its_budget_is_undecided_without_a_draw(check, monkeypatch):
    monkeypatch.setattr("numerics.sampling.blocks.measured", None)
    found = judged(check.claim(check.value, DETECT), "none", alpha=1e-6, beta=1e-3, budget=1)
    assert (found.verdict, found.networks, found.excluded) == ("undecided", 0, 0)
    assert found.reason.startswith("needs ")


def test_an_experiment_can_be_repeated_and_another_one_draws_other_networks():
    (check,) = (c for c in CHECKS if c.theorem == "random_walk.linear_gain" and c.parameters["N"] == 3)
    claim = check.claim(check.value, DETECT)
    one, again, other = (
        judged(claim, name, alpha=1e-6, beta=1e-3, device="cpu").statistic for name in ("one", "one", "other")
    )
    assert one == again != other


# --- verify ------------------------------------------------------------------------------------------------

NAMES = ["random_walk.linear_gain", "variance.fourth_moment"]


@pytest.mark.sampled
def test_verify_runs_the_checks_of_the_named_theorems_and_divides_alpha(sampled):
    told, kept = [], {}

    def run(alpha):
        kept[alpha] = verify(
            NAMES, device="cpu", alpha=alpha, detect=DETECT, progress=lambda *step: told.append(step)
        )
        return [result.evidence for result in kept[alpha]]

    sampled.agrees(run, detects=DETECT)
    ((alpha, results),) = kept.items()
    chosen = [check for check in CHECKS if check.theorem in NAMES]
    assert [(r.theorem, r.parameters, r.quantity) for r in results] == [
        (check.theorem, check.written, check.quantity) for check in chosen
    ]
    assert told == [(i, len(chosen), c.label) for i, c in enumerate(chosen)] + [(len(chosen), len(chosen), "")]
    assert math.fsum(r.evidence.alpha for r in results) == pytest.approx(alpha, rel=len(chosen) * 2**-52)
    assert {(r.evidence.verdict, r.evidence.beta, r.device) for r in results} == {("agrees", 1e-3, "cpu")}
    gain = results[-1]
    assert (gain.value, gain.expected) == (derived("random_walk.linear_gain", N=chosen[-1].parameters["N"]), 0)
    again = verify(NAMES[::-1], device="cpu", alpha=alpha, detect=DETECT)
    assert [r.evidence.statistic for r in again] == [r.evidence.statistic for r in results]


@pytest.mark.sampled
def test_verify_refutes_wrong_theorems(sampled, monkeypatch):
    wrong = property(lambda check: 1.3 * derived(check.theorem, **check.parameters))
    monkeypatch.setattr(Check, "value", wrong)
    count = sum(check.theorem in NAMES for check in CHECKS)
    sampled.refutes(
        lambda beta: [r.evidence for r in verify(NAMES, device="cpu", beta=beta / count, detect=DETECT)]
    )


def test_verify_of_a_theorem_without_checks_is_empty():
    assert verify(["variance.mean_singular_value"]) == []


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"names": ["random_walk.rleu_gain"]}, UnknownTheorem, "random_walk.relu_gain"),
        ({"detect": 1e-5}, ValueError, "at least 0.0001"),
        ({"detect": 1.0}, ValueError, "below 1"),
        ({"detect": math.nan}, ValueError, "detect"),
        ({"alpha": 0.0}, ValueError, "error rate"),
        ({"beta": 1.0}, ValueError, "error rate"),
        ({"budget": 0}, ValueError, "positive integer"),
        ({"device": "tpu"}, ValueError, "unknown device"),
    ],
)
def test_verify_refuses_what_it_cannot_do(wrong, error, said):
    with pytest.raises(error, match=said):
        verify(**({"names": NAMES, "device": "cpu"} | wrong))


# --- the derived moments -----------------------------------------------------------------------------------


def _three_points(kurtosis):
    """-r, 0, r with r^2 = kurtosis and mean square 1, as pairs (multiple of r, probability)."""
    end = 1 / (2 * kurtosis)
    return [(-1, end), (0, 1 - 2 * end), (1, end)]


@settings(max_examples=20)
@given(
    law=st.sampled_from(sorted(KURTOSIS)),
    widths=st.sampled_from([(1, 1, 1), (1, 2, 1), (1, 1, 3), (1, 2, 2), (1, 1, 2)]),
    numbers=st.tuples(*[st.fractions(Fraction(1, 9), 9, max_denominator=9)] * 3),
)
def test_moments_of_linear_networks_equal_an_enumeration(law, widths, numbers):
    """All weights with three values of the law's first five moments, which are all that a fourth moment sees."""
    first, *variances = numbers
    points = [point for point in _three_points(KURTOSIS[law]) if point[1]]
    _, rows, columns = widths
    expected = Fraction(0)
    for outcome in itertools.product(points, repeat=rows + rows * columns):
        probability = math.prod((point[1] for point in outcome), start=Fraction(1))
        weights = [point[0] for point in outcome]
        entries = [sum(weights[l] * weights[rows + l * columns + k] for l in range(rows)) for k in range(columns)]
        expected += probability * sum(entry**2 for entry in entries) ** 2
    expected *= 3 * first**2 * math.prod(variances) ** 2 * KURTOSIS[law] ** 4
    assert fourth_norm(widths, variances, law, first) == expected
    mean = first * variances[0] * rows * variances[1]
    assert mean_square_variance(widths, variances, law, first) == expected / columns**2 - mean**2


@given(degrees=st.integers(1, 50), about=st.floats(-5, 5))
def test_the_fourth_log_moment_is_the_fourth_derivative_of_the_generating_function(degrees, about):
    half = mpmath.mpf(degrees) / 2
    with mpmath.workdps(60):
        exact = (
            24 * mpmath.taylor(lambda t: mpmath.exp(-about * t) * 2**t * mpmath.gammaprod([half + t], [half]), 0, 4)[4]
        )
    # five positive or negative terms of at most size: each errs by some tens of roundings (Cephes), taken as 100
    second, third, fourth = (abs(float(polygamma(j, float(half)))) for j in (1, 2, 3))
    shift = 10 + abs(float(mpmath.digamma(half)))
    size = fourth + 3 * second**2 + 4 * shift * third + 6 * shift**2 * second + shift**4
    assert log_fourth_moment(degrees, about) == pytest.approx(float(exact), abs=100 * 2**-52 * size)


@pytest.mark.parametrize("law", ["normal", "uniform", "truncated", "sign"])
def test_weight_moments_have_the_proved_kurtosis(law):
    """Roundings: each step of the recursion multiplies those before by p - 1 and adds a few; 7!! = 105."""
    moments = weight_moments(law)
    assert moments[2] / moments[1] ** 2 == pytest.approx(derived("variance.fourth_moment", law=law), rel=500 * 2**-52)
    if law in KURTOSIS:
        assert Fraction(value("variance.fourth_moment", 17, law=law)) == KURTOSIS[law]


def test_higher_weight_moments_equal_their_integrals():
    with mpmath.workdps(30):
        mass = mpmath.erf(mpmath.sqrt(2)) * mpmath.sqrt(2 * mpmath.pi)
        for index, power in enumerate(range(0, 10, 2)):
            exact = mpmath.quad(lambda w, p=power: w**p * mpmath.exp(-(w**2) / 2), [-2, 0, 2]) / mass
            assert weight_moments("truncated")[index] == pytest.approx(float(exact), rel=500 * 2**-52)
    assert weight_moments("uniform") == pytest.approx([1, 1, 9 / 5, 27 / 7, 9], rel=8 * 2**-52)  # 8 roundings
    assert weight_moments("normal") == [1, 1, 3, 15, 105]


ROUNDED = 1e-13  # sums of some ten terms of Cephes' digamma and polygamma, each good to some tens of roundings


def test_the_variance_of_the_orthogonal_ratio_is_that_of_a_beta_mixture():
    """Width 2: of three live masks two have one unit, where z ~ Beta(1/2, 1/2), and one has z = 1."""
    beta = float(polygamma(1, 0.5) - polygamma(1, 1))
    exact = 2 / 3 * beta + 2 / 9 * (2 * math.log(2)) ** 2
    assert orthogonal_variance(2)() == pytest.approx(exact, rel=ROUNDED)


@given(slope=st.fractions(Fraction(1, 50), 1, max_denominator=50))
def test_the_leaky_bound_is_attained_at_width_one(slope):
    """There ln z = ln b + ln x^2 with b = 1 or a^2 by a fair coin."""
    exact = float(polygamma(1, 0.5)) + (2 * math.log(slope)) ** 2 / 4
    assert leaky_bound(1, slope)() == pytest.approx(exact, rel=ROUNDED)


@pytest.mark.parametrize("activation", ["linear", "relu"])
def test_the_variance_of_a_squared_walk_is_that_of_a_sum_of_copies(activation):
    """Depth 2: E (x + y)^4 = 2 u + 6 t^2 and E (x + y)^2 = 2 t for independent centred copies x, y."""
    mean = derived(f"random_walk.{activation}_log_mean", N=3)
    u, t = log_ratio_fourth_moment(activation, 3, mean), log_variance(activation, 3)()
    assert squared_walk_variance(activation, 3, 1) == pytest.approx(u - t**2, rel=ROUNDED)
    assert squared_walk_variance(activation, 3, 2) == pytest.approx(2 * u + 6 * t**2 - 4 * t**2, rel=ROUNDED)


def test_the_fourth_moment_of_a_live_rectifier_ratio_is_a_mixture_over_masks():
    """Width 2, about b: two masks of one active unit and one of two, where 2z is chi-square."""
    b = -0.7
    one, two = (log_fourth_moment(k, b + math.log(2)) for k in (1, 2))
    assert log_ratio_fourth_moment("relu", 2, b) == pytest.approx((2 * one + two) / 3, rel=ROUNDED)
    assert log_ratio_fourth_moment("linear", 2, b) == two
