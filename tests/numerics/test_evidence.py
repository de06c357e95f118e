"""The two error rates of a mean's evidence hold, also under heavy tails; no verdict comes for nothing.

Rates are measured where they can be seen (5 to 30 %). A count of bad verdicts among K runs is stochastically
below a binomial with the promised rate, so it passes that binomial's upper quantile with the chance of that
quantile at most: the test's share of the session's error budget.
"""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binom

from numerics import evidence

RUNS = 200  # verdicts a rate is measured on
SEEDS = st.integers(0, 2**63)
RATES = st.floats(0.05, 0.3)  # large enough to be seen in RUNS verdicts


def lognormal(generator, shape):
    """Variance 1 and mean 0, after exact standardisation; no exponential moment exists."""
    sigma = 1.0
    mean, variance = math.exp(sigma**2 / 2), math.exp(sigma**2) * math.expm1(sigma**2)
    return (generator.lognormal(0, sigma, shape) - mean) / math.sqrt(variance)


def student(generator, shape):
    """Student's t with 2.5 degrees of freedom: variance 2.5/(2.5 - 2) = 5, infinite fourth moment."""
    return generator.standard_t(2.5, shape) / math.sqrt(5)


def rare(generator, shape):
    """(1 - p)/s with probability p, else -p/s: variance 1, and nearly always on one side."""
    p = 0.02
    return (generator.binomial(1, p, shape) - p) / math.sqrt(p * (1 - p))


def normal(generator, shape):
    return generator.standard_normal(shape)


LAWS = st.sampled_from([lognormal, student, rare, normal])


def verdicts(check, samples):
    return [evidence.judge(check, [row]).verdict for row in samples]


@pytest.mark.sampled(checks=2)
@settings(max_examples=20)
@given(seed=SEEDS, law=LAWS, alpha=RATES, beta=RATES, shift=st.floats(0.3, 3), side=st.sampled_from([-1, 1]))
def test_both_error_rates_are_kept_at_finite_n(sampled, seed, law, alpha, beta, shift, side):
    check = evidence.plan(7.0, 1.0, shift=shift, alpha=alpha, beta=beta)
    samples = 7.0 + law(np.random.default_rng(seed), (RUNS, check.networks))
    rare = sampled.alpha(networks=samples.size)
    assert verdicts(check, samples).count("refuted") <= binom.isf(rare, RUNS, alpha)
    rare = sampled.alpha(networks=samples.size)
    assert verdicts(check, samples + side * shift).count("agrees") <= binom.isf(rare, RUNS, beta)


@settings(max_examples=20)
@given(alpha=st.floats(0.05, 0.15), excess=st.floats(0.5, 1))
def test_the_exact_false_alarm_rate_of_fair_signs_is_kept_and_needs_the_whole_threshold(alpha, excess):
    """For fair signs S is a scaled binomial, so the false-alarm rate is an exact sum, without sampling.

    With the declared threshold it is at most alpha; without the term ln(2/alpha) it would not be: the rest is
    about sqrt(ln(2/(alpha beta)))/2 standard deviations of S. From alpha = 0.05 to 0.15 that is 1.22 to 1.1,
    which |S| passes with chance 0.22 to 0.27; a lattice step (n > 200 signs) is below 0.06.
    """
    check = evidence.plan(0.0, 1.0, shift=0.3 * excess, alpha=alpha, beta=0.1)
    step = evidence.influence(np.array([check.scale]))[0]
    statistics = step * (2 * np.arange(check.networks + 1) - check.networks)
    weights = binom.pmf(np.arange(check.networks + 1), check.networks, 0.5)
    assert weights[np.abs(statistics) > check.threshold].sum() <= alpha
    assert weights[np.abs(statistics) > check.threshold - math.log(2 / alpha)].sum() > alpha


@given(x=st.floats(-1e300, 1e300))
def test_the_influence_lies_between_its_two_logarithms(x):
    psi = float(evidence.influence(np.array([x]))[0])
    rounding = 8 * 2**-52 * max(1.0, abs(psi))  # eight operations, each with relative error 2^-53 at most
    if abs(x) < 1e150:  # where x^2 fits float64
        assert -math.log1p(x * x / 2 - x) - rounding <= psi <= math.log1p(x + x * x / 2) + rounding
    assert psi == -float(evidence.influence(np.array([-x]))[0])


@given(noise=st.floats(0, 1e6), alpha=st.floats(1e-12, 0.5), beta=RATES, shift=st.floats(1e-3, 1e3))
def test_a_plan_needs_at_most_1_1_percent_more_networks_than_the_best_scale(noise, alpha, beta, shift):
    """The inequalities of the module, written again here with a free scale u = a D."""
    check = evidence.plan(1.0, noise * shift**2, shift=shift, alpha=alpha, beta=beta)

    def rate(u):
        return -math.log1p(u * u * (noise + 1) / 2 - u) - math.log1p(u * u * noise / 2)

    errors, own = math.log(2 / alpha) + math.log(1 / beta), rate(check.scale * shift)
    scales = (-math.log(4 * noise + 2) - 2, 0)  # ln u; u = 1/(2 noise + 1) lies inside
    best = minimize_scalar(lambda t: -rate(math.exp(t)), bounds=scales, method="bounded")
    rounding = 1 + 1e-14  # rate() is a difference of two numbers at most 3 times as large; ten operations of 2^-53
    assert check.networks * own * rounding >= errors
    assert (check.networks - 1) * own <= errors * rounding
    assert own >= -best.fun / 1.011


@settings(max_examples=50)
@given(seed=SEEDS, cuts=st.lists(st.integers(0, 300), max_size=8), missing=st.floats(0, 0.9))
def test_merging_any_split_gives_the_same_sums(seed, cuts, missing):
    generator = np.random.default_rng(seed)
    check = evidence.plan(0.0, 1.0, shift=0.5, alpha=0.1, beta=0.1, condition="not struck out")
    values = 3 + lognormal(generator, 300)
    values[generator.random(300) < missing] = np.nan
    whole, parts = evidence.summarise(check, values), evidence.Sums()
    for part in np.split(values, sorted(cuts)):
        parts = evidence.merge(parts, evidence.summarise(check, part))
    usable = values[~np.isnan(values)]
    assert (parts.count, parts.excluded) == (whole.count, whole.excluded) == (usable.size, 300 - usable.size)
    assert parts.moments.count == usable.size
    if usable.size:
        # Adding n numbers errs by at most n 2^-53 times the sum of their sizes (higham2002, 4.2); done twice.
        bound = 2 * 300 * 2.0**-53 * np.abs(evidence.influence(check.scale * usable)).sum()
        assert abs(parts.totals[0] - whole.totals[0]) <= bound


@settings(max_examples=20)
@given(seed=SEEDS, size=st.integers(1, 500))
def test_the_verdict_rests_on_the_first_planned_usable_samples_however_they_arrive(seed, size):
    check = evidence.plan(0.0, 1.0, shift=0.5, alpha=0.1, beta=0.1, condition="not struck out")
    generator = np.random.default_rng(seed)
    values = generator.standard_normal(6 * check.networks)
    values[::2] = np.nan
    found = evidence.judge(check, (values[k : k + size] for k in range(0, values.size, size)))
    first = values[1::2][: check.networks]
    assert (found.networks, found.excluded) == (check.networks, check.networks)
    bound = 2 * check.networks * 2.0**-53 * np.abs(evidence.influence(check.scale * first)).sum()  # as above
    assert abs(found.statistic - evidence.influence(check.scale * first).sum()) <= bound
    scatter = found.standard_error**2 * first.size * (first.size - 1)
    bound = 10 * 2 * first.size * 2.0**-53 * first.size * np.abs(first).max() ** 2  # as in test_statistics
    assert abs(scatter - np.square(first - first.mean()).sum()) <= bound * first.size
    assert found.z_score == found.estimate / found.standard_error  # the claim is 0


@pytest.mark.sampled(checks=3)
def test_a_mean_that_is_wrong_by_five_percent_is_refuted_and_the_right_one_agrees(sampled):
    true, variance = math.exp(0.5), math.e * math.expm1(1)  # of the standard lognormal law

    def judged(rate, factor=1.0):
        check = evidence.plan(true, variance, shift=evidence.relative(true, 0.05), alpha=rate, beta=rate)
        samples = np.random.default_rng(11).lognormal(0, 1, check.networks)
        return evidence.judge(dataclasses.replace(check, mean=true * factor), [samples])

    sampled.agrees(judged, detects=0.05)
    for factor in (1.05, 0.95):
        sampled.refutes(lambda beta, factor=factor: judged(beta, factor))


def test_a_check_over_its_budget_says_so_before_it_draws():
    check = evidence.plan(1.0, 1e25, shift=0.01, alpha=1e-9, beta=0.01)

    def forbidden():
        raise AssertionError("a sample was drawn")
        yield

    found = evidence.judge(check, forbidden())
    assert not check.feasible
    assert (found.verdict, found.networks) == ("undecided", 0)
    assert f"needs {check.networks:.2g} networks" in found.reason


@given(drawn=st.integers(0, 10), struck=st.integers(0, 10))
def test_too_few_usable_samples_are_undecided_never_agreement(drawn, struck):
    check = evidence.plan(0.0, 1.0, shift=0.5, alpha=0.1, beta=0.1, condition="not struck out")
    assert drawn < check.networks
    values = np.array([0.0] * drawn + [np.nan] * struck)
    found = evidence.judge(check, [values])
    assert (found.verdict, found.networks, found.excluded) == ("undecided", drawn, struck)
    assert evidence.judge(check, []).verdict == "undecided"


def test_drawing_stops_at_the_budget_when_everything_is_excluded():
    check = evidence.plan(0.0, 1.0, shift=0.5, alpha=0.1, beta=0.1, budget=1000, condition="not struck out")
    found = evidence.judge(check, itertools.repeat(np.full(300, np.nan)))
    assert (found.verdict, found.networks, found.excluded) == ("undecided", 0, 1000)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("condition", ["", "not struck out"])
def test_values_that_are_not_excluded_by_declaration_are_an_error(value, condition):
    check = evidence.plan(0.0, 1.0, shift=0.5, alpha=0.1, beta=0.1, condition=condition)
    if np.isnan(value) and condition:
        assert evidence.judge(check, [np.array([value])]).excluded == 1
    else:
        with pytest.raises(ValueError, match="infinite, or NaN"):
            evidence.judge(check, [np.array([0.0, value])])


@pytest.mark.parametrize("block", [np.zeros(3, np.float32), np.zeros((3, 1)), np.float64(0), [1, 2]])
def test_a_block_that_is_no_float64_vector_is_an_error(block):
    check = evidence.plan(0.0, 1.0, shift=0.5, alpha=0.1, beta=0.1)
    with pytest.raises(ValueError, match="float64 vector"):
        evidence.judge(check, [block])


def test_huge_values_are_judged_and_not_lost_to_overflow():
    check = evidence.plan(0.0, 1.0, shift=0.1, alpha=0.1, beta=0.1)
    assert evidence.judge(check, [np.full(check.networks, 1e307)]).verdict == "refuted"


def test_a_constant_is_judged_with_zero_variance():
    check = evidence.plan(2.0, 0.0, shift=0.1, alpha=1e-3, beta=1e-3)
    assert evidence.judge(check, [np.full(100, 2.0)]).z_score == 0
    wrong = evidence.judge(check, [np.full(100, 2.125)])  # whose sums are exact
    assert (wrong.verdict, wrong.z_score) == ("refuted", math.inf)


@given(checks=st.integers(1, 50), examples=st.integers(1, 1000), total=st.floats(1e-9, 0.5))
def test_the_error_budget_hands_out_its_total_and_no_more(checks, examples, total):
    budget = evidence.ErrorBudget(checks, total)
    handed = math.fsum(examples * budget.take(examples) for _ in range(checks))
    rounding = 4 * 2**-53  # at most four products, divisions and sums, 2^-53 each
    assert handed == pytest.approx(total, rel=rounding)
    assert budget.spent == pytest.approx(total, rel=rounding)
    with pytest.raises(ValueError, match="declare more checks"):
        budget.take()


@pytest.mark.parametrize(
    "wrong",
    [
        {"mean": math.nan}, {"variance": -1.0}, {"variance": math.inf}, {"shift": 0.0}, {"shift": -0.1},
        {"alpha": 0.0}, {"alpha": 1.0}, {"beta": 1.5}, {"beta": 0.0}, {"budget": 0}, {"budget": 1.5},
        {"variance": 1e300, "shift": 1e-300},
    ],
)  # fmt: skip
def test_a_plan_refuses_what_it_cannot_promise(wrong):
    good = {"mean": 1.0, "variance": 1.0, "shift": 0.1, "alpha": 0.1, "beta": 0.1}
    evidence.plan(**good)
    with pytest.raises(ValueError, match=next(iter(wrong)) if len(wrong) == 1 else "too small"):
        evidence.plan(**(good | wrong))


@pytest.mark.parametrize("arguments", [(0.0, 0.1), (math.inf, 0.1), (1.0, 0.0), (1.0, -1.0)])
def test_a_relative_shift_needs_a_mean_and_a_positive_fraction(arguments):
    with pytest.raises(ValueError, match=r"relative shift|fraction"):
        evidence.relative(*arguments)


@pytest.mark.parametrize("arguments", [(0,), (1.0,), (True,), (1, 0.0), (1, 1.0)])
def test_an_error_budget_refuses_bad_shares(arguments):
    with pytest.raises(ValueError, match=r"positive integer|error rate"):
        evidence.ErrorBudget(*arguments)
