"""Weighted tilted walks estimate moments that plain averages cannot see, with the variance that was derived."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics import evidence
from numerics.ensembles import Weights, dense
from numerics.sampling import radial, tilting

ERRORS = evidence.ErrorBudget(checks=3)
BETA = 1e-9  # chance that a wrong claim named below slips through one check
SEEDS = st.integers(0, 2**63)
HE = Weights("normal", 2, "fan_in")
SPHERE = Weights("orthogonal", 2, "fan_in")


def rising(k, power):
    """Gamma(k/2 + power)/Gamma(k/2) for an integer power."""
    return math.prod((Fraction(k, 2) + j for j in range(power)), start=Fraction(1))


def relu_power(width, power):
    """E R^power of a He rectifier layer for an integer power, v = 2/n, by K's factorial moments."""
    exact = sum(math.comb(width, k) * rising(k, power) for k in range(1, width + 1)) / 2**width
    return exact * Fraction(4, width) ** power


def test_a_plain_average_would_need_7e28_networks_and_a_tilted_one_needs_some_thousands():
    network = dense((10,) * 51, HE, "relu")
    exact = float((relu_power(10, 4) / relu_power(10, 2) ** 2) ** 50 - 1) / 0.01**2
    assert tilting.networks_needed(network, 2, 0.01) == pytest.approx(exact, rel=1e-10)  # 50 log-moments to 1e-13
    assert f"{exact:.0e}" == "7e+28"
    assert tilting.networks_needed(network, 2, 0.01, tilt=1.8) < 10**4
    variance = tilting.relative_variance(network, 2)
    assert not evidence.plan(1.0, variance, shift=0.01, alpha=1e-9, beta=BETA).feasible


HEAVY_ALPHA = ERRORS.take(2)


def test_the_heavy_second_moment_is_seen_by_tilting_and_a_wrong_one_refuted():
    """E R^2 = 4 (n^2 + 5n)/4 / n^2 = 1 + 5/n: at width 10, depth 50, E Z^2 = 1.5^50. A claim of 1.51^50 is 40 % off."""
    network = dense((10,) * 51, HE, "relu")
    variance = tilting.relative_variance(network, 2, tilt=1.6)
    plan = evidence.plan(1.0, variance, shift=0.2, alpha=HEAVY_ALPHA, beta=BETA)
    assert plan.feasible

    def values(claim):
        measure = tilting.weighted_power(2, math.log(claim))
        return tilting.sample(network, plan.budget, experiment="heavy", measure=measure, tilt=1.6)

    assert evidence.judge(plan, values(1.5**50)).verdict == "agrees"
    assert evidence.judge(plan, values(1.51**50)).verdict == "refuted"


SAME_EXAMPLES = 6
SAME_ALPHA = ERRORS.take(2 * SAME_EXAMPLES)


@settings(max_examples=SAME_EXAMPLES)
@given(
    seed=SEEDS, power=st.floats(0.3, 1.5), tilt=st.floats(0.1, 2), activation=st.sampled_from(["linear", "relu"]),
    weights=st.sampled_from([HE, SPHERE]),
)  # fmt: skip
def test_plain_and_tilted_averages_agree_with_the_moment_where_both_can_be_drawn(
    seed, power, tilt, activation, weights
):
    network = dense((9, 8, 7, 6), weights, activation)
    claim = tilting.log_moment(network, power)
    plain = evidence.plan(1.0, tilting.relative_variance(network, power), shift=0.05, alpha=SAME_ALPHA, beta=BETA)
    values = radial.sample(
        network, plain.networks, experiment=f"plain {seed}",
        measure=lambda walk: (power * walk.forward[:, -1] - claim).exp(),
    )  # fmt: skip
    assert evidence.judge(plain, values).verdict == "agrees"
    if abs(power - tilt) < 0.05:
        return
    variance = tilting.relative_variance(network, power, tilt)
    if variance == math.inf:  # tilted too far: 2p - t has no moment
        assert 2 * power - tilt <= -0.5
        return
    tilted = evidence.plan(1.0, variance, shift=0.05, alpha=SAME_ALPHA, beta=BETA)
    measure = tilting.weighted_power(power, claim)
    values = tilting.sample(network, tilted.networks, experiment=f"tilted {seed}", measure=measure, tilt=tilt)
    assert evidence.judge(tilted, values).verdict == "agrees"


RHO_ALPHA = ERRORS.take()


def test_the_derived_relative_second_moment_is_that_of_the_weighted_values():
    """(w Z^p)^2 is w Z^q for q = 2p - t, but for the factor M(t): its own relative variance is that of q."""
    network, power, tilt = dense((6,) * 4, HE, "relu"), 2.0, 1.5
    rho = 1 + tilting.relative_variance(network, power, tilt)
    own = tilting.relative_variance(network, 2 * power - tilt, tilt)
    plan = evidence.plan(rho, own * rho**2, shift=0.05 * rho, alpha=RHO_ALPHA, beta=BETA)
    value = tilting.weighted_power(power, tilting.log_moment(network, power))
    blocks = tilting.sample(
        network, plan.budget, experiment="rho", measure=lambda walk: value(walk).square(), tilt=tilt
    )
    assert evidence.judge(plan, blocks).verdict == "agrees"


def test_weights_are_those_of_the_tilt_and_blocks_stand_alone():
    network, tilt = dense((3, 3, 3), HE, "relu"), 0.7
    alone = [tilting.draw(network, block, experiment="alone", tilt=tilt) for block in (1, 0)]
    for walk in alone:
        assert torch.equal(walk.log_weights, tilting.log_moment(network, tilt) - tilt * walk.forward[:, -1])
        assert walk.forward.isfinite().all()  # no tilted layer is dead
    size = radial.block_size(network)
    run = tilting.sample(network, 2 * size, experiment="alone", measure=lambda walk: walk.log_weights, tilt=tilt)
    assert torch.equal(torch.cat(list(run)), torch.cat([walk.log_weights for walk in alone[::-1]]))


def test_slopes_without_a_conjugate_tilt_are_refused_and_what_radial_refuses_too():
    leaky = dense((3, 3), HE, "leaky_relu", slope=0.3)
    assert "slopes 0, 1 or -1" in tilting.refusal(leaky)
    assert tilting.refusal(dense((3, 3), HE, "prelu", slope=-1.0)) == ""
    assert tilting.refusal(dense((3, 3), HE, "tanh")) == radial.refusal(dense((3, 3), HE, "tanh")) != ""
    for call in (tilting.log_moment, tilting.relative_variance):
        with pytest.raises(ValueError, match="slopes 0, 1 or -1"):
            call(leaky, 1.0)
    with pytest.raises(ValueError, match="slopes 0, 1 or -1"):
        tilting.draw(leaky, 0, experiment="refused", tilt=0.5)


def test_tilts_and_powers_that_make_no_sense_are_errors():
    network = dense((3, 3), HE, "relu")
    for tilt in (0.0, -1.0, math.inf):
        with pytest.raises(ValueError, match="the tilt"):
            tilting.draw(network, 0, experiment="bad", tilt=tilt)
    with pytest.raises(ValueError, match="test nothing"):
        tilting.relative_variance(network, 2.0, 2.0)
    with pytest.raises(ValueError, match="test nothing"):
        next(tilting.sample(network, 1, experiment="bad", measure=tilting.weighted_power(1.5), tilt=1.5))
    with pytest.raises(ValueError, match="the power"):
        tilting.weighted_power(0.0)
    with pytest.raises(ValueError, match="the fraction"):
        tilting.networks_needed(network, 2.0, 0.0)
    assert tilting.relative_variance(dense((2,) * 3000, HE, "relu"), 2.0) == math.inf
