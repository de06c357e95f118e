"""Idealisation gaps: real networks agree with theory where they must, and a wrong idealisation shows."""

from __future__ import annotations

import csv
import io
import math
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from numerics import evidence
from numerics.ensembles import dense
from numerics.evaluate import function
from numerics.evidence import ErrorBudget, judge
from numerics.experiments import coins, linear_regime, normalized, shattering
from numerics.experiments import estimate as estimates
from numerics.sampling import radial
from numerics.sampling.choice import cheapest
from papers.table import Table, as_csv
from papers.tables import gaps
from papers.tables.notes import FLOAT_DIGITS, SAMPLED_DIGITS

RATES = ErrorBudget(16)
BETA = 1e-3  # as alpha, of the verdicts below: chance that a claim wrong by the shift passes
widths, seeds = st.integers(8, 24), st.integers(0, 2**32 - 1)


def verdict(plan, network, measure, seed):
    sampler = cheapest(network)
    return judge(
        plan, sampler.sample(network, plan.networks, experiment=f"gaps {seed}", measure=measure, device="cpu")
    ).verdict


# --- estimates -------------------------------------------------------------------------------------


@given(seeds, st.floats(0.5, 4))
@settings(max_examples=5)
def test_the_error_of_a_ratio_is_that_of_its_sampled_law(seed, of):
    draws = np.random.default_rng(seed).normal(1, 0.2, (400, 500, 2)) * (of, 1)
    draws[..., 0] += draws[..., 1] - 1  # correlated, as numerator and denominator are
    found = [estimates.ratio(draw) for draw in draws]
    values, errors = (np.array([getattr(one, part) for one in found]) for part in ("value", "error"))
    # the standard deviation of 400 nearly normal values has a relative error of 1/sqrt(800): six of them, 4e-9 two-sided
    assert abs(values.std(ddof=1) / errors.mean() - 1) < 6 / math.sqrt(800)


def test_networks_that_do_not_meet_the_condition_are_left_out():
    real = coins.network(1, 3)
    live = estimates.drawn(real, 400, coins._log_walk, "leaving out")
    assert np.isfinite(live).all()
    # each of 3 layers is dead with chance 1/2; Hoeffding: a share off by t has chance 2 exp(-800 t^2), 1e-9 at t = 0.17
    assert abs(len(live) / 400 - 1 / 8) < 0.17


# --- shattering ------------------------------------------------------------------------------------


@given(widths, st.sampled_from([0.0, 0.5, -0.5]), seeds)
@settings(max_examples=3)
def test_over_one_layer_the_gradient_correlation_of_wide_networks_holds_at_every_width(width, rho, seed):
    real, claim = shattering.network(width, 1, rho), shattering.wide(1, rho)
    spread = (1 + 5 / width) * (1 + 2 / width)
    share = RATES.total / (RATES.checks * 3)
    plan = evidence.plan(claim, spread, shift=0.1, alpha=share, beta=BETA)
    assert verdict(plan, real, shattering._product, seed) == "agrees"
    wrong = evidence.plan(claim + 0.1, spread, shift=0.1, alpha=share, beta=BETA)
    assert verdict(wrong, real, shattering._product, seed) == "refuted"


def test_typical_datapoints_hold_over_one_layer_for_orthogonal_inputs_and_nowhere_else():
    assert shattering.typical(1, 0.0).verdict == "agrees"
    for depth, rho in ((1, 0.5), (2, 0.5), (4, 0.5), (4, 0.0)):
        assert shattering.typical(depth, rho).verdict == "refuted"


def test_the_bound_on_the_noise_is_met_with_equality_by_equal_inputs():
    width, depth = 64, 3
    real = shattering.network(width, depth, 1.0)
    squares = estimates.drawn(real, 30_000, shattering._product, "fourth moment") ** 2
    found, bound = estimates.mean(squares), (1 + 5 / width) ** depth * (1 + 2 / width)
    assert (
        abs(found.value - bound) < 6 * found.error
    )  # 2e-9 were it normal; the tails of the mean of 30 000 are not far
    assert found.error < 0.02 * bound  # so that a wrong constant, 4 or 6 for 5, shows: it moves the bound by 4.5 %


# --- linear regime ---------------------------------------------------------------------------------


@given(widths, seeds)
@settings(max_examples=3)
def test_over_one_layer_the_slopes_factor_of_the_theorem_holds_at_every_width(width, seed):
    real, (_, claim) = linear_regime.network(width, 1), linear_regime.wide(1)
    exact = function("variance.jacobian_factor")(activation="tanh", preactivation_variance=1.0)
    assert claim == float(exact)
    spread = (1 + 2 / width) ** 2  # E|W G|^4/N^2, and tanh' <= 1
    share = RATES.total / (RATES.checks * 3)
    for value, expected in ((claim, "agrees"), (1.0, "refuted")):
        plan = evidence.plan(value, spread, shift=0.2, alpha=share, beta=BETA)
        assert verdict(plan, real, lambda seen: linear_regime._both(seen)[:, 1], seed) == expected


def test_wide_networks_hand_on_the_square_of_the_forward_gain():
    gain = float(function("gains.forward")(activation="tanh"))
    # both by adaptive quadrature to 1.5e-8, scipy's default, of a number below 1, and the gain squared
    assert abs(linear_regime.wide(1)[0] - gain**-2) < 1e-7


def test_a_linear_network_has_the_variances_of_the_linear_regime_and_tanh_does_not():
    width, depth = 16, 4
    share = RATES.take()
    spread = (1 + 2 / width) ** (depth + 1)  # of |W...x|^2/N, and of |W...G|^2/N with one chi-square more
    for at, claim in enumerate(linear_regime.claims(width, depth)):
        plan = evidence.plan(claim, spread, shift=0.3, alpha=share, beta=BETA)
        for activation, expected in (("linear", "agrees"), ("tanh", "refuted")):
            real = linear_regime.network(width, depth, activation)
            measured = lambda seen, at=at: linear_regime._both(seen)[:, at]  # noqa: E731
            assert verdict(plan, real, measured, activation) == expected
    assert linear_regime.linear(depth).verdict == "refuted"


# --- fair coins ------------------------------------------------------------------------------------


def test_real_masks_have_the_law_of_coins_and_coins_of_another_width_do_not(monkeypatch):
    assert coins.same_mean(4, 4).verdict == coins.same_law(4, 4).verdict == "agrees"
    wider = coins.network(8, 4)
    monkeypatch.setattr(
        coins, "radial", SimpleNamespace(sample=lambda _, *about, **more: radial.sample(wider, *about, **more))
    )
    assert coins.same_law.__wrapped__(4, 4).verdict == "refuted"


def test_masks_that_are_active_more_often_than_coins_are_refuted():
    claim, spread = coins.claims(16, 4)
    leaky = dense((16,) * 6, coins.network(16, 4).layers[0].weights, "leaky_relu", slope=0.5, last_activation=False)
    plan = evidence.plan(claim, spread, shift=1.0, alpha=RATES.take(), beta=BETA)
    assert verdict(plan, leaky, coins._log_walk, "leaky") == "refuted"


# --- batch normalisation ---------------------------------------------------------------------------


@given(st.integers(2, 6), st.integers(2, 4), widths)
@settings(max_examples=8)
def test_gradients_through_batch_normalisation_sum_to_the_output_gradients(batch, depth, width):
    covariance, variance = normalized.network_moments(width, batch, depth).T
    # float32: a rounding of 2^-24 in each of the fewer than 2^8 operations that an entry meets in a layer, and what it
    # is added to is at most 2^4 times the output's gradient unless a unit nearly ties over the batch
    typical = variance < 2**4
    assume(typical.sum() > len(typical) / 2)
    rounding = depth * batch * 2.0**-24 * 2**8 * 2**4
    assert np.abs(variance + (batch - 1) * covariance - batch)[typical].max() < rounding
    assert covariance[typical].max() <= 1 + rounding


def test_no_real_network_has_the_covariance_of_the_ideal_one():
    for depth in (2, 8):
        ideal = function("shattering.normalized_resnet_covariance")(depth=depth, beta=normalized.BETA)
        covariance, variance = normalized.network_moments(16, 16, depth).T
        assert covariance.max() <= 1 < ideal - 0.3
        assert variance.min() >= 1


# --- tables ----------------------------------------------------------------------------------------


def read(table: Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(table))))


@pytest.mark.parametrize("name", ["shattering_gap", "tanh_gap", "coin_gap", "normalisation_gap"])
def test_every_error_is_positive_and_the_note_has_the_error_rates(name, monkeypatch):
    monkeypatch.setattr(shattering, "DEPTHS", (1, 2))
    monkeypatch.setattr(linear_regime, "DEPTHS", (1, 2))
    monkeypatch.setattr(coins, "DEPTHS", (1,))
    monkeypatch.setattr(normalized, "DEPTHS", (2, 4))
    table = getattr(gaps, name)()
    rows = read(table)
    errors = [Decimal(text) for row in rows for heading, text in row.items() if heading.endswith(", standard error")]
    assert len(errors) >= len(rows) * 2
    assert all(error > 0 for error in errors)
    if name != "normalisation_gap":
        alpha, beta = estimates.rates().values()
        assert any(f"{alpha:.1e}" in str(note) and f"{beta:g}" in str(note) for note in table.notes)


def test_the_verdicts_of_all_tables_together_stay_within_the_false_alarm_rate_of_a_run():
    given = (
        len(shattering.DEPTHS) * len(shattering.CORRELATIONS)
        + len(linear_regime.DEPTHS)
        + 2 * len(coins.WIDTHS) * len(coins.DEPTHS)
    )
    assert given <= estimates.VERDICTS
    assert given * estimates.rates()["alpha"] <= evidence.RUN_ALPHA


def test_the_shattering_table_shows_both_idealisations_and_the_samples(monkeypatch):
    monkeypatch.setattr(shattering, "DEPTHS", (1, 2))
    for row in read(gaps.shattering_gap()):
        rho, depth = float(row["ρ"]), int(row["L"])
        half_a_unit = 10.0 ** (1 - FLOAT_DIGITS) / 2  # of the last digit that is kept, relative to the number
        assert float(row["N to ∞"]) == pytest.approx(shattering.wide(depth, rho), rel=half_a_unit)
        real, error = (float(row[f"real, N = 256{part}"]) for part in ("", ", standard error"))
        found, half_a_unit = shattering.estimate(256, depth, rho), 10.0 ** (1 - SAMPLED_DIGITS) / 2
        assert real == pytest.approx(found.value, rel=half_a_unit)
        assert error == pytest.approx(found.error, rel=half_a_unit)
        assert list(row.values())[-1] == shattering.typical(depth, rho).verdict
        assert error < 0.01
