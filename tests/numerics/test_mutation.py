"""Mutants of formulas are tried as promised: what matters is refuted, what cannot be seen is no kill."""

import math
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from numerics.checks import checks, mutation
from numerics.checks.check import Check, MeanClaim
from numerics.checks.effects import ERROR, LARGEST, NoValue, amount, effect, pool
from numerics.checks.mutation import Court, Sample, mutate
from numerics.checks.specimens import LINE, MISSING, Specimen, Trial, survey
from numerics.ensembles import dense
from numerics.ensembles.weights import Weights
from numerics.evidence import relative
from theory.proof.library import find, theorems
from theory.proof.nodes import DominatedIntegral

RATE = 1e-9  # of the errors that a test does not have a share for, as in the tests of checks
SAMPLED = list(dict.fromkeys(check.theorem for check in checks() if not check.of_function))
CHEAP = ["variance.standard_weight", "random_walk.dead_probability", "probability.gaussian_transform"]
x = sp.Symbol("x", positive=True)


def checks_of(name):
    return [check for check in checks() if check.theorem == name and not check.of_function]


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


# --- effects -----------------------------------------------------------------------------------------------


@given(at=st.fractions(Fraction(1, 9), 9))
def test_values_are_right_and_effects_are_relative(at):
    env = {x: at}
    with mp.workdps(30):
        for formula, exact in (
            (x**2 / 7, mp.mpf(at.numerator) ** 2 / mp.mpf(at.denominator) ** 2 / 7),
            (sp.log(1 + x), mp.log1p(mp.mpf(at.numerator) / at.denominator)),
        ):
            found = amount(formula, env)
            assert abs(found - float(exact)) <= ERROR * abs(found)
            assert math.isclose(effect(found, amount(formula * sp.Rational(101, 100), env)), LINE, rel_tol=ERROR / LINE)


def test_integrals_are_computed_and_those_that_a_mutant_makes_diverge_have_no_value():
    y = sp.Symbol("y", real=True)

    def over(body):
        return DominatedIntegral(body, (y, -sp.oo, sp.oo), 3, 1)

    bell = sp.exp(-(y**2))
    assert math.isclose(amount(over(bell), {}), math.sqrt(math.pi), rel_tol=ERROR)
    for diverging in (bell + sp.Rational(1, 100), 1 / (1 + y**2), sp.exp(y)):
        with pytest.raises(NoValue):
            amount(over(diverging), {})


@pytest.mark.parametrize("formula", [1 / (x - 2), sp.polygamma(0, x - 2), sp.sqrt(1 - x), sp.exp(sp.exp(5 * x))])
def test_poles_numbers_that_are_not_real_and_overflow_are_no_values(formula):
    with pytest.raises(NoValue):
        amount(formula, {x: 2})


def test_effects_beyond_the_largest_are_not_told_apart():
    assert effect(1e-300, 1e300) == LARGEST


@pytest.mark.parametrize("name", SAMPLED)
def test_the_pool_is_admissible_and_keeps_the_names(name):
    theorem = find(name)
    for chosen in {theorem.bind(check.parameters)[0] for check in checks_of(name)}:
        points = pool(theorem, chosen)
        assert points
        assert all(theorem.bind(point)[0] == chosen for point in points)


# --- surveys -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHEAP)
def test_a_mutant_is_tried_exactly_where_its_effect_reaches_the_line(name):
    theorem, checked = find(name), checks_of(name)
    (formula,) = {theorem.value(*theorem.bind(check.parameters)[0]) for check in checked}
    specimens = survey(theorem, checked)
    assert len({specimen.name for specimen in specimens}) == len(specimens)
    for specimen in specimens:
        assert bool(specimen.trials) == (specimen.outcome is None)
        for trial in specimen.trials:
            assert trial.value == amount(formula, theorem.environment(theorem.bind(trial.check.parameters)[1]))
            assert abs(trial.changed - trial.value) >= (LINE - ERROR) * abs(trial.value)


def test_below_the_line_at_the_checks_but_above_it_elsewhere_is_a_missing_check():
    """At k = 4 a mutant of log 2 moves E ln chi^2 = psi(k/2) + log 2 by 0.6 %, at k = 2 by 6 %."""
    at_four = [check for check in checks_of("probability.chi_square_log_mean") if check.parameters["k"] == 4]
    found = [s.outcome for s in survey(find("probability.chi_square_log_mean"), at_four) if s.outcome]
    assert found
    assert {(outcome.fate, outcome.reason) for outcome in found} == {("survived", MISSING)}
    assert all(outcome.effect >= LINE - ERROR and outcome.at != {"k": "4"} for outcome in found)


def test_a_change_that_never_matters_is_below_the_line_with_its_largest_effect():
    """The exponent of 1/sqrt(2s + 1) and the 2 under the root: 1 % of the latter is below 1/2 % of the value."""
    name = "probability.gaussian_transform"
    below = [s.outcome for s in survey(find(name), checks_of(name)) if s.outcome and s.outcome.fate == "below"]
    assert {"2 → 101/50 in 2·s", "1 → 101/100 in 2·s + 1"} <= {outcome.change for outcome in below}
    assert all(0 < outcome.effect < LINE / 2 + LINE**2 for outcome in below)


# --- trials ------------------------------------------------------------------------------------------------


def test_cheap_theorems_notice_every_mutant_that_matters():
    for account in mutate(CHEAP, alpha=RATE, beta=RATE, device="cpu"):
        assert account.holds, (account.controls, account.having("survived"))
        assert account.having("killed")
        assert account.resolution == min(killed.effect for killed in account.having("killed"))
        assert account.resolution >= LINE - ERROR
        assert all(killed.networks > 0 for killed in account.having("killed"))


def planted(measure, shift_of=lambda value, detect: relative(value, detect), name="variance.standard_weight"):
    """A check of the 1/(3n) of standard_weight at n = 6, 1/18, with a measure of one's own on one network.

    ``measure`` maps the claimed value and B networks to B numbers.
    """
    network = dense((2, 1), Weights("normal", 1.0, "fan_in"), "linear")

    def sample(network, networks, *, experiment, measure, device):
        draws.append(experiment)
        stream = np.random.default_rng(len(draws))
        yield from (measure(stream.normal(size=4096)) for _ in range(-(-networks // 4096)))

    draws = []
    sampler = SimpleNamespace(sample=sample, block_size=lambda network: 4096)
    measures = {}

    def claim(value, detect):
        key = value if measure.__code__.co_argcount == 2 else None
        seen = measures.setdefault(key, (lambda noise: measure(value, noise)) if key else measure)
        about = {"network": network, "measure": seen, "sampler": sampler}
        return MeanClaim(mean=value, variance=(1 / 18) ** 2, shift=shift_of(value, detect), **about)

    return Check(name, {"n": 6}, "planted", claim), draws


def tried(monkeypatch, check, **options):
    monkeypatch.setattr(mutation, "checks", lambda: (check,))
    (account,) = mutate([check.theorem], **{"alpha": RATE, "beta": RATE, "device": "cpu"} | options)
    return account


def test_one_sample_serves_the_formula_and_all_its_mutants(monkeypatch):
    check, draws = planted(lambda noise: (1 + noise) / 18)
    account = tried(monkeypatch, check)
    assert account.holds
    assert len(account.having("killed")) == 5
    assert len(draws) == 1


def test_a_check_that_measures_whatever_is_claimed_notices_nothing(monkeypatch):
    check, draws = planted(lambda value, noise: value * (1 + noise))
    account = tried(monkeypatch, check)
    assert not account.holds
    assert not account.controls
    assert account.resolution is None
    assert len(account.having("survived")) == 5
    assert len(draws) == 1 + 5  # what is measured depends on the claim, so each claim has its own networks


def test_a_check_that_does_not_look_at_the_network_and_refutes_everything_kills_nothing(monkeypatch):
    check, _ = planted(lambda noise: 0 * noise + 3.0)
    account = tried(monkeypatch, check)
    assert not account.holds
    assert account.resolution is None
    assert "refuted" in account.controls[0]
    assert {survivor.reason for survivor in account.having("survived")} == set(account.controls)


def test_a_wrong_formula_kills_nothing(monkeypatch):
    """What is measured has a mean 2 % above the formula's, within the sight of a check that sees 1 %."""
    check, _ = planted(lambda noise: (1.02 + noise) / 18)
    account = tried(monkeypatch, check)
    assert account.controls
    assert not account.having("killed")


def test_what_needs_more_networks_than_the_budget_has_survived(monkeypatch):
    check, _ = planted(lambda noise: (1 + noise) / 18)
    account = tried(monkeypatch, check, budget=10**5)
    assert {killed.effect >= 0.1 for killed in account.having("killed")} == {True}
    assert account.having("survived")
    assert all("needs" in survivor.reason for survivor in account.having("survived"))
    assert not account.holds


def test_the_rates_of_a_run_are_divided_over_all_claims(monkeypatch):
    check, _ = planted(lambda noise: (1 + noise) / 18)
    claims = []
    plan = Court.plan
    monkeypatch.setattr(Court, "plan", lambda court, claim: claims.append(court) or plan(court, claim))
    tried(monkeypatch, check, alpha=6e-7, beta=6e-4)
    (rates,) = {(court.alpha, court.beta) for court in claims}
    assert rates == pytest.approx((1e-7, 1e-4))  # five mutants and one control


@given(effect_of=st.floats(LINE, 100), value=st.floats(0.01, 100), sign=st.sampled_from([-1, 1]))
def test_a_trial_promises_no_more_than_the_gap_between_the_claims(effect_of, value, sign):
    """A gain's shift is 2 D ln(1 + r), which is at most the true gap; a mean's is the gap itself."""
    changed = value * (1 + sign * effect_of)
    (gains, means) = (
        Trial(planted(lambda noise: noise, shift)[0], value, changed)
        for shift in (lambda value, detect: 2 * math.log1p(detect), relative)
    )
    gap = abs(changed - value)
    assert means.claim().shift == pytest.approx(gap, rel=1e-9)  # a dozen roundings
    assert means.claim().mean == changed
    if changed > 0:
        assert gains.claim().shift <= 2 * abs(math.log(changed / value)) * (1 + 1e-9)


def test_zero_is_claimed_by_a_vanishing_value():
    claim = Trial(planted(lambda noise: noise)[0], 1 / 18, 0.0).claim()
    assert 0 < claim.mean <= 1e-9
    assert claim.shift == pytest.approx(1 / 18)


def test_a_claim_of_zero_is_made_only_where_there_is_no_other():
    """It is the furthest off, so it would draw least; but a gain of 0 is no network's."""
    check, _ = planted(lambda noise: noise)
    court, other = Court("cpu", RATE, RATE, 10**7), Trial(check, 1 / 18, 1 / 17)
    zero = replace(other, changed=0.0)
    assert court.case(Specimen("mutant", (zero, other))).trial == other
    assert court.case(Specimen("mutant", (zero,))).trial == zero


def test_a_check_is_held_to_no_more_than_its_samples_decide(monkeypatch):
    """Where one network in ten counts (|noise| < 0.1257), the budget decides large mutants alone; those are killed."""
    check, _ = planted(lambda noise: np.where(np.abs(noise) > 0.1257, np.nan, (1 + noise) / 18))
    conditioned = replace(check, claim=lambda value, detect: replace(check.claim(value, detect), condition="a tenth"))
    account = tried(monkeypatch, conditioned, budget=2 * 10**6)
    assert not account.controls
    assert {killed.effect >= 0.1 for killed in account.having("killed")} == {True}
    assert all("usable networks" in survivor.reason for survivor in account.having("survived"))


# --- samples -----------------------------------------------------------------------------------------------


@given(blocks=st.lists(st.integers(), max_size=6), reads=st.lists(st.integers(0, 8), max_size=5))
def test_a_sample_is_read_from_the_start_each_time_and_drawn_once_as_far_as_needed(blocks, reads):
    drawn = []
    sample = Sample(drawn.append(block) or block for block in blocks)
    for read in reads:
        assert [block for _, block in zip(range(read), sample, strict=False)] == blocks[:read]
    assert drawn == blocks[: max(reads, default=0)]


def test_every_theorem_with_a_check_of_its_value_is_surveyed(monkeypatch):
    surveyed = []
    monkeypatch.setattr(mutation, "survey", lambda theorem, checked: surveyed.append(theorem.name) or [])
    mutate(device="cpu")
    assert surveyed == SAMPLED
    assert set(SAMPLED) <= {theorem.name for theorem in theorems()}
