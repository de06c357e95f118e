"""Laws, two samplers, bounded means, independence: both error rates of each kind hold, and power at what is promised.

Rates are measured as in ``test_evidence``: a count of bad verdicts among RUNS passes its binomial's upper TOLERATED
quantile with chance TOLERATED at most.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.stats import binom, norm

from numerics import evidence

TOLERATED = 1e-9  # chance that a correct program fails one example of a measured rate
RUNS = 100
SEEDS = st.integers(0, 2**63)
RATES = st.floats(0.05, 0.3)  # large enough to be seen in RUNS verdicts
KINDS = ("law", "two laws", "bounded", "independence")


def planned(kind, size, **options):
    """A plan of each kind that detects ``size``."""
    return {
        "law": lambda: evidence.plan_law(lambda x: x, distance=size, **options),
        "two laws": lambda: evidence.plan_same_law(distance=size, **options),
        "bounded": lambda: evidence.plan_bounded(0.25, 0, 1, shift=size, **options),
        "independence": lambda: evidence.plan_independence(lambda x: x, 3, correlation=size, **options),
    }[kind]()


def drawn(kind, generator, networks, error, side):
    """Samples of the claim, or of one that is wrong by exactly ``error``."""
    uniform = generator.random((networks, 3))
    mixed = np.where(uniform[:, 1] < error, side > 0, uniform[:, 0])  # a share at one end: sup distance = error
    if kind == "law":
        return mixed
    if kind == "two laws":
        return np.stack([mixed, uniform[:, 2]], axis=1)
    if kind == "bounded":
        return (uniform[:, 0] < 0.25 + side * error).astype(float)
    copied = uniform[:, 0] if side > 0 else 1 - uniform[:, 0]  # in a share of networks: rank correlation = error
    return np.stack(
        [uniform[:, 0], generator.random(networks), np.where(uniform[:, 1] < error, copied, uniform[:, 2])], 1
    )


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=6)
@given(seed=SEEDS, alpha=RATES, beta=RATES, size=st.floats(0.1, 0.2), side=st.sampled_from([-1, 1]))
def test_both_error_rates_are_kept(kind, seed, alpha, beta, size, side):
    plan, generator = planned(kind, size, alpha=alpha, beta=beta), np.random.default_rng(seed)
    for error, bad, rate in ((0.0, "refuted", alpha), (size, "agrees", beta)):
        found = [evidence.judge(plan, [drawn(kind, generator, plan.networks, error, side)]) for _ in range(RUNS)]
        assert [result.verdict for result in found].count(bad) <= binom.isf(TOLERATED, RUNS, rate)
        assert "undecided" not in {result.verdict for result in found}


@pytest.mark.parametrize("kind", KINDS)
def test_the_evidence_states_its_rates_and_what_it_detects(kind):
    plan = planned(kind, 0.125, alpha=0.1, beta=0.2)
    found = evidence.judge(plan, [drawn(kind, np.random.default_rng(1), plan.networks, 0.0, 1)])
    assert (found.alpha, found.beta, found.shift, found.kind) == (0.1, 0.2, 0.125, plan.kind)
    assert math.isfinite(found.estimate)
    assert found.networks == plan.networks


@pytest.mark.parametrize("kind", KINDS)
def test_a_plan_over_its_budget_draws_nothing_and_says_what_to_do_instead(kind):
    plan = planned(kind, 0.01, alpha=1e-9, beta=1e-3, budget=10, hint="use the structural check")
    found = evidence.judge(plan, (pytest.fail("a sample was drawn") for _ in [1]))
    assert (found.verdict, found.networks) == ("undecided", 0)
    assert found.reason == (f"needs {plan.networks:.2g} networks, but the budget is 10; use the structural check")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=10)
@given(seed=SEEDS, cuts=st.lists(st.integers(0, 200), max_size=6), missing=st.floats(0, 0.9))
def test_samples_outside_the_condition_are_counted_apart_and_any_split_gives_the_same_sums(kind, seed, cuts, missing):
    generator = np.random.default_rng(seed)
    plan = planned(kind, 0.5, alpha=0.1, beta=0.1, condition="not struck out")
    values = drawn(kind, generator, 200, 0.3, 1)
    struck = generator.random(200) < missing
    values.reshape(200, -1)[struck, -1] = np.nan  # in a row, one NaN is enough
    whole, parts = evidence.summarise(plan, values), evidence.Sums()
    for part in np.split(values, sorted(cuts)):
        parts = evidence.merge(parts, evidence.summarise(plan, part))
    assert (parts.count, parts.excluded) == (whole.count, whole.excluded) == (200 - struck.sum(), struck.sum())
    assert parts.samples == whole.samples
    # counts are exact; else 200 terms of size 3 at most, added in another order (higham2002, 4.2)
    np.testing.assert_allclose(parts.totals, whole.totals, rtol=0, atol=0 if kind == "law" else 200 * 200 * 3 * 2**-52)


def excess(kind, plan, networks):
    """By how much the inequality of the kind's docstring holds at ``networks``, relative to its right-hand side."""
    n, alarm, miss = networks, math.log(1 / plan.alpha), math.log(1 / plan.beta)
    if kind == "law":
        left = (plan.shift - 1 / plan.cells) * math.sqrt(2 * n)
        right = math.sqrt(math.log(2) + alarm) + math.sqrt(miss)
    elif kind == "two laws":
        left, right = plan.shift * math.sqrt(n / 2), math.sqrt(math.log(4) + alarm) + math.sqrt(miss)
    else:
        pairs = math.log(2 * 3) + alarm  # 3 pairs, two sides
        left = n * plan.shift
        right = math.sqrt(2 * n * pairs) + 3 * pairs / 3 + math.sqrt(2 * n * 9 / 5 * miss) + 4 * miss / 3
    return left / right - 1


@pytest.mark.parametrize("kind", ["law", "two laws", "independence"])
@given(size=st.floats(0.01, 0.5), alpha=st.floats(1e-12, 0.3), beta=RATES)
def test_a_plan_needs_the_networks_of_its_inequality_and_no_more(kind, size, alpha, beta):
    plan, rounding = planned(kind, size, alpha=alpha, beta=beta), 64 * 2**-53  # some ten operations a side
    assert excess(kind, plan, plan.networks) >= -rounding
    assert excess(kind, plan, plan.networks - 1) <= rounding


@pytest.mark.parametrize("kind", ["law", "two laws", "independence"])
@given(size=st.floats(0.01, 0.5), alpha=st.floats(1e-12, 0.3))
def test_the_inequality_of_a_kind_gives_its_threshold_exactly_the_declared_false_alarms(kind, size, alpha):
    plan = planned(kind, size, alpha=alpha, beta=0.1)
    n, e = plan.networks, plan.threshold
    if kind == "law":
        bound = 2 * math.exp(-2 * n * e**2)
    elif kind == "two laws":
        bound = 2 * 2 * math.exp(-2 * n * (e / 2) ** 2)
    else:  # n e = sqrt(2 n L) + L for a side of each of the 3 pairs
        bound = 2 * 3 * math.exp(-((math.sqrt(n / 2 + n * e) - math.sqrt(n / 2)) ** 2))
    # ten operations of 2^-53; an exponent below 40 multiplies its error by itself; the difference of two roots by
    # at most sqrt(n/(n e)) < 20 beyond that
    assert bound == pytest.approx(alpha, rel=10 * 40 * 20 * 2**-53)


@given(size=st.floats(0.01, 0.5))
def test_the_grid_of_a_law_loses_a_twentieth_of_the_distance_at_most(size):
    assert 1 / evidence.plan_law(norm.cdf, distance=size, alpha=0.1, beta=0.1).cells <= size / 20


@pytest.mark.parametrize("size", [0.05, 0.1])
def test_an_error_that_lies_between_the_edges_of_the_grid_is_found(size):
    """The law leaves the claim only inside two cells around the middle: there, by exactly ``size``."""
    plan = evidence.plan_law(lambda x: x, distance=size, alpha=1e-9, beta=1e-9)
    middle = 0.5 + 0.5 / plan.cells
    claimed = np.random.default_rng(3).random(plan.networks)
    moved = np.where((claimed > middle) & (claimed < middle + size), middle, claimed)
    assert evidence.judge(plan, [claimed]).verdict == "agrees"
    assert evidence.judge(plan, [moved]).verdict == "refuted"


def test_a_law_is_judged_by_its_own_distribution_function():
    plan = evidence.plan_law(norm.cdf, distance=0.05, alpha=1e-9, beta=1e-9)
    samples = np.random.default_rng(4).standard_normal(plan.networks)
    assert evidence.judge(plan, [samples]).verdict == "agrees"
    shift = 2 * norm.ppf(0.525)  # sup |Phi(x) - Phi(x - c)| = 2 Phi(c/2) - 1 = 0.05
    assert evidence.judge(plan, [samples + shift]).verdict == "refuted"


@settings(max_examples=20)
@given(mean=st.floats(-1, 3), size=st.floats(0.05, 2))
def test_the_variance_of_a_bounded_plan_is_the_largest_of_any_law_that_it_must_decide(mean, size):
    """By linear programming over laws on a grid of [-1, 3]: the largest E(X - c)^2 at a mean c of the three."""
    plan = evidence.plan_bounded(mean, -1, 3, shift=size, alpha=0.1, beta=0.1)
    points = np.linspace(-1, 3, 9)
    largest = 0.0
    for centre in (mean - size, mean, mean + size):
        law = linprog(-((points - centre) ** 2), A_eq=np.stack([points, np.ones(9)]), b_eq=[centre, 1])
        largest = max(largest, -law.fun) if law.success else largest
    assert plan.variance == pytest.approx(largest, abs=1e-6)  # the feasibility tolerance of the solver is 1e-7


def test_a_bounded_plan_needs_no_more_networks_than_the_range_alone_and_refuses_values_outside():
    options = {"shift": 0.05, "alpha": 1e-6, "beta": 1e-3}
    bounded = evidence.plan_bounded(0.1, 0, 1, **options)
    assert bounded.networks < evidence.plan(0.1, 1 / 4, **options).networks  # popoviciu1935
    with pytest.raises(ValueError, match="outside the bounds 0 to 1"):
        evidence.summarise(bounded, np.array([0.5, 1.5]))


@settings(max_examples=10)
@given(seed=SEEDS, sizes=st.tuples(st.integers(1, 40), st.integers(1, 40)))
def test_two_streams_are_paired_network_by_network_whatever_their_blocks(seed, sizes):
    first, second = np.random.default_rng(seed).random((2, 120))
    streams = [
        [row[k : k + size] for k in range(0, 120, size)] for row, size in zip((first, second), sizes, strict=True)
    ]
    assert np.concatenate(list(evidence.paired(*streams))).tolist() == np.stack([first, second], 1).tolist()
    assert np.concatenate(list(evidence.differences(*streams))).tolist() == (first - second).tolist()
    streams[1] = [np.empty(0), *streams[1][:1]]  # an empty block, and an end before the other's
    assert sum(map(len, evidence.paired(*streams))) == min(sizes[1], 120)


def test_means_of_two_samplers_are_compared_through_the_variances_of_both():
    plan = evidence.plan_same_mean(1.0, 3.0, shift=0.1, alpha=1e-9, beta=1e-9)
    assert (plan.mean, plan.variance) == (0.0, 4.0)
    first, second = np.random.default_rng(5).standard_normal((2, plan.networks))
    pairs = [first], [math.sqrt(3) * second]
    assert evidence.judge(plan, evidence.differences(*pairs)).verdict == "agrees"
    assert evidence.judge(plan, evidence.differences([first + 0.1], pairs[1])).verdict == "refuted"


def test_laws_with_atoms_are_compared_exactly():
    plan = evidence.plan_same_law(distance=0.2, alpha=1e-6, beta=1e-6)
    coins = (np.random.default_rng(6).random((plan.networks, 2)) < 0.5).astype(float)
    assert evidence.judge(plan, [coins]).verdict == "agrees"
    coins[:, 1] = np.random.default_rng(7).random(plan.networks) < 0.7
    found = evidence.judge(plan, [coins])
    assert found.verdict == "refuted"
    # three roundings of numbers below 1 on either side
    assert found.estimate == pytest.approx(abs(coins[:, 0].mean() - coins[:, 1].mean()), abs=6 * 2**-53)


def test_the_largest_rank_correlation_is_found_whichever_pair_has_it():
    plan = evidence.plan_independence(norm.cdf, 4, correlation=0.1, alpha=1e-9, beta=1e-9)
    layers = np.random.default_rng(8).standard_normal((plan.networks, 4))
    assert evidence.judge(plan, [layers]).verdict == "agrees"
    for i, j in ((0, 1), (1, 3), (2, 3)):
        tied = layers.copy()
        tied[:, j] = -0.2 * layers[:, i] + math.sqrt(1 - 0.04) * layers[:, j]
        found = evidence.judge(plan, [tied])
        assert found.verdict == "refuted"
        # Spearman's coefficient of normals with correlation r is (6/pi) asin(r/2) (pearson1907); 6 standard errors
        assert abs(found.estimate + 6 / math.pi * math.asin(0.1)) <= 6 / math.sqrt(plan.networks)


WRONG = [
    ("law", {"distance": 0.0}, "distance"), ("law", {"distance": 1.0}, "distance"), ("law", {"alpha": 0.0}, "alpha"),
    ("law", {"beta": 1.0}, "beta"), ("law", {"budget": 0}, "budget"), ("two laws", {"distance": math.nan}, "distance"),
    ("two laws", {"alpha": 1.0}, "alpha"), ("two laws", {"budget": 0}, "budget"),
    ("bounded", {"mean": 1.5}, "bounds"), ("bounded", {"high": math.inf}, "bounds"), ("bounded", {"shift": 0.0}, "shift"),
    ("independence", {"factors": 1}, "at least 2"), ("independence", {"correlation": 1.0}, "correlation"),
    ("independence", {"beta": 0.0}, "beta"), ("independence", {"budget": 0}, "budget"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "wrong", "said"), WRONG)
def test_a_plan_refuses_what_it_cannot_promise(kind, wrong, said):
    rates = {"alpha": 0.1, "beta": 0.1}
    make, good = {
        "law": (evidence.plan_law, {"cdf": norm.cdf, "distance": 0.1}),
        "two laws": (evidence.plan_same_law, {"distance": 0.1}),
        "bounded": (evidence.plan_bounded, {"mean": 0.5, "low": 0.0, "high": 1.0, "shift": 0.1}),
        "independence": (evidence.plan_independence, {"cdf": norm.cdf, "factors": 3, "correlation": 0.1}),
    }[kind]
    make(**good, **rates)
    with pytest.raises(ValueError, match=said):
        make(**(good | rates | wrong))


@pytest.mark.parametrize(
    ("kind", "block", "said"),
    [
        ("law", np.zeros((3, 1)), "vector"), ("two laws", np.zeros(3), "a row a sample"),
        ("two laws", np.zeros((3, 3)), "rows of 2"), ("independence", np.zeros((3, 2)), "3 factors were planned"),
        ("independence", np.full((2, 3), 1.5), "outside"), ("law", np.array([0.5, np.inf]), "infinite"),
    ],
)  # fmt: skip
def test_a_block_of_another_shape_or_outside_the_law_is_an_error(kind, block, said):
    with pytest.raises(ValueError, match=said):
        evidence.summarise(planned(kind, 0.1, alpha=0.1, beta=0.1), block)
