"""The direct sampler draws weights of the law it names, and its passes meet these very weights.

Sampled checks have two error rates (``numerics.evidence``); their variances are derived beside them. They
look for shifts of some percent, so float32 rounding of some 1e-6 does not count.
"""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma, polygamma
from scipy.stats import binom, truncnorm

from numerics import evidence
from numerics.ensembles import Convolution, Inputs, Network, Weights, dense
from numerics.ensembles.strategies import seeds
from numerics.sampling import direct
from numerics.sampling.passes import squared_norm

RATE = 1e-9  # of the error that a test does not have a share for: on a true claim beta, on a wrong one alpha
ROUNDING = 2.0**-24  # of one float32 operation


def judged(check, network, measure, experiment):
    blocks = direct.sample(network, check.budget, experiment=experiment, measure=measure, device="cpu")
    return evidence.judge(check, blocks)


@pytest.mark.sampled(checks=2)
@settings(max_examples=8, deadline=None)
@given(
    seed=seeds(),
    widths=st.lists(st.integers(2, 6), min_size=2, max_size=4),
    input_variance=st.floats(0.1, 10),
    data=st.data(),
)
def test_a_linear_network_has_the_derived_second_moment_and_not_that_of_twice_the_variance(
    sampled, seed, widths, input_variance, data
):
    """E (z^{d+1}_k)^2 = q prod n_i v_i, with q the variance of the input.

    For normal weights and input E|z^0|^4 = q^2 n_0 (n_0 + 2) and E|z^{i+1}|^4 = v_i^2 n_{i+1} (n_{i+1} + 2)
    E|z^i|^4, and one output unit has E (z^{d+1}_k)^4 = 3 v_d^2 E|z^d|^4.
    """
    variances = [data.draw(st.floats(0.1, 2)) for _ in widths[1:]]
    inputs = Inputs((widths[0],), squared_length=widths[0] * input_variance, random=True)
    network = dense(widths, [Weights("normal", v) for v in variances], inputs=inputs)
    mean = input_variance * math.prod(n * v for n, v in zip(widths, variances, strict=False))
    fourth = (
        input_variance**2
        * math.prod(n * (n + 2) for n in widths[:-1])
        * 3
        * math.prod(v**2 for v in variances)
    )
    variance = fourth - mean**2

    def measure(seen):
        return seen.activations[-1][:, 0, 0].double().square()

    def found(alpha):
        check = evidence.plan(mean, variance, shift=evidence.relative(mean, 0.2), alpha=alpha, beta=RATE)
        return judged(check, network, measure, f"forward {seed}")

    sampled.agrees(found, detects=0.2)
    layer = data.draw(st.integers(0, len(variances) - 1))
    doubled = [v * (2 if i == layer else 1) for i, v in enumerate(variances)]
    wrong = dense(widths, [Weights("normal", v) for v in doubled], inputs=inputs)

    def found_wrong(beta):
        check = evidence.plan(mean, 4 * variance, shift=mean, alpha=RATE, beta=beta)  # doubling scales by 2
        return judged(check, wrong, measure, f"doubled {seed}")

    sampled.refutes(found_wrong)


def truncated_moments():
    """E w^4 and E w^8 of the normal law cut at 2, at variance 1."""
    second, fourth, eighth = (truncnorm(-2, 2).moment(p) for p in (2, 4, 8))
    return fourth / second**2, eighth / second**4


LAW_MOMENTS = {  # E w^4 and E w^8 at variance 1; a sparse normal of density p has those of the normal over p and p^3
    "normal": (3, 105),
    "uniform": (9 / 5, 9),
    "sign": (1, 1),
    "sparse": (3 / 0.25, 105 / 0.25**3),
    "truncated": truncated_moments(),
}


@pytest.mark.sampled(checks=3)
@pytest.mark.parametrize("law", LAW_MOMENTS)
def test_weights_have_the_moments_of_their_law(sampled, law):
    """Entry (1, 2) of the second of two matrices: E w = 0, E w^2, and E w^4, with variances up to E w^8."""
    fourth, eighth = LAW_MOMENTS[law]
    v = 0.7
    network = dense((2, 2, 3), [Weights(), Weights(law, v, density=0.25 if law == "sparse" else None)])
    for power, mean, square in ((1, 0, v), (2, v, fourth * v**2), (4, fourth * v**2, eighth * v**4)):
        claim = {"mean": mean, "variance": max(square - mean**2, 0.0), "shift": 0.05 * math.sqrt(square)}

        def found(alpha, claim=claim, power=power):
            check = evidence.plan(**claim, alpha=alpha, beta=RATE)
            return judged(check, network, lambda seen: seen.weights[1][:, 1, 2].double() ** power, f"law {law}")

        sampled.agrees(found)
    if law == "sign":
        matrices = direct.draw(network, 0, experiment="signs", device="cpu").weights[1]
        assert matrices.abs().unique().tolist() == [np.float32(math.sqrt(v))]
    if law in ("uniform", "truncated"):
        matrices = direct.draw(network, 0, experiment="bounded", device="cpu").weights[1]
        bound = math.sqrt(3) if law == "uniform" else 2 / math.sqrt(truncnorm(-2, 2).var())
        assert matrices.abs().max() <= bound * math.sqrt(v) * (1 + 4 * ROUNDING)  # of four operations


@pytest.mark.sampled(checks=4)
def test_orthogonal_weights_are_haar(sampled):
    """With W = sqrt(n v) Q and Q Haar, the moments of Q are those below (collins2006).

    E Q_11 = 0 needs R's diagonal to be made positive. As |Q_ij| <= 1, the variance of Q_11^4 is at most
    E Q_11^4, and that of Q_11 Q_22 Q_12 Q_21 at most E Q_11^2 Q_12^2 = 1/(n(n+2)).
    """
    n, v = 3, 0.7
    network = dense((n, n, n), [Weights(), Weights("orthogonal", v)])
    matrices = direct.draw(network, 0, experiment="orthogonal", device="cpu").weights[1].double()
    gram = matrices @ matrices.mT
    # |Q^T Q - I| <= sqrt(n) c n^2 ROUNDING for Householder QR with a small c (higham2002, 19.3), taken as 10.
    assert (gram - n * v * torch.eye(n)).abs().max() <= 10 * n**2.5 * ROUNDING * n * v

    def entries(seen):
        return seen.weights[1].double() / math.sqrt(n * v)

    claims = [
        (lambda q: q[:, 0, 0], 0.0, 1 / n, 0.1),
        (lambda q: q[:, 0, 0] ** 2, 1 / n, 3 / (n * (n + 2)) - 1 / n**2, 0.02),
        (lambda q: q[:, 0, 0] ** 4, 3 / (n * (n + 2)), 3 / (n * (n + 2)), 0.05),
        (lambda q: q[:, :2, :2].flatten(1).prod(1), -1 / ((n - 1) * n * (n + 2)), 1 / (n * (n + 2)), 0.01),
    ]
    for entry, mean, variance, shift in claims:
        claim = {"mean": mean, "variance": variance, "shift": shift}

        def found(alpha, claim=claim, entry=entry):
            check = evidence.plan(**claim, alpha=alpha, beta=RATE)
            return judged(check, network, lambda seen: entry(entries(seen)), "haar")

        sampled.agrees(found)


@pytest.mark.sampled(checks=2)
def test_output_gradients_have_their_variance_and_do_not_know_the_weights(sampled):
    """E (delta^d_1)^2 = g with variance 2 g^2, and E delta^d_1 W^d_11 = 0 with variance g v."""
    g, v = 2.5, 0.5
    network = dense((2, 2, 2), [Weights(), Weights("normal", v)], output_gradient_variance=g)

    def size(alpha):
        check = evidence.plan(g, 2 * g**2, shift=0.1 * g, alpha=alpha, beta=RATE)
        return judged(check, network, lambda seen: seen.gradients[-1][:, 0, 0].double().square(), "gradient")

    def product(alpha):
        check = evidence.plan(0.0, g * v, shift=0.05, alpha=alpha, beta=RATE)
        return judged(
            check, network, lambda seen: (seen.gradients[-1][:, 0] * seen.weights[-1][:, 0])[:, 0].double(), "apart"
        )

    sampled.agrees(size, detects=0.1)
    sampled.agrees(product)


def log_ratio(seen):
    """ln |delta^0|^2/|delta^1|^2, or NaN where the layer is dead."""
    ratio = squared_norm(seen.gradients[0])[:, 0] / squared_norm(seen.gradients[1])[:, 0]
    return torch.where(ratio > 0, ratio.log(), math.nan)


@pytest.mark.sampled(checks=3)
@settings(max_examples=6, deadline=None)
@given(seed=seeds(), width=st.integers(1, 8), law_of_first=st.sampled_from(["normal", "uniform"]))
def test_one_backward_step_at_relu_is_chi_square_over_a_binomial_and_dead_layers_are_counted(
    sampled, seed, width, law_of_first
):
    """The ratio is v chi^2_K with K ~ Bin(n, 1/2) live units; K = 0 is a dead layer, left out of the mean.

    Given K, E ln = ln 2v + digamma(K/2) and Var ln = trigamma(K/2). The plain ratio has mean n v/2 and second
    moment v^2 E(K^2 + 2K) = v^2 (n^2 + 5n)/4.
    """
    v = 2 / width
    network = dense((3, width, 4), [Weights(law_of_first), Weights("normal", v)], "relu", last_activation=False)
    live = np.arange(1, width + 1)
    weights = binom.pmf(live, width, 0.5) / (1 - 0.5**width)
    centres = math.log(2 * v) + digamma(live / 2)
    mean = float(weights @ centres)
    variance = float(weights @ (polygamma(1, live / 2) + (centres - mean) ** 2))
    dead = 0.5**width
    second = v**2 * (width**2 + 5 * width) / 4

    def logarithm(alpha):
        check = evidence.plan(mean, variance, shift=0.1, alpha=alpha, beta=RATE, condition="no dead layer")
        return judged(check, network, log_ratio, f"walk {seed}")

    def dies(alpha):
        check = evidence.plan(dead, dead * (1 - dead), shift=0.05, alpha=alpha, beta=RATE)
        return judged(check, network, lambda seen: log_ratio(seen).isnan().double(), f"dead {seed}")

    def plain(alpha):
        check = evidence.plan(width * v / 2, second - (width * v / 2) ** 2, shift=0.1, alpha=alpha, beta=RATE)
        return judged(check, network, lambda seen: log_ratio(seen).exp().nan_to_num(0.0), f"plain {seed}")

    for check in (logarithm, dies, plain):
        sampled.agrees(check)


def test_orthogonal_columns_of_a_tall_matrix_and_of_a_kernel_are_orthonormal():
    """A layer that narrows has W^T W = fan_in v I; a kernel's centre is such a matrix, so the image keeps its norm."""
    tall = dense((5, 3), Weights("orthogonal", 1, "fan_in"))
    (matrices,) = direct.draw(tall, 0, experiment="tall", device="cpu").weights
    # the bound of test_orthogonal_weights_are_haar, for 5 rows
    assert (matrices.double().mT @ matrices.double() - torch.eye(3)).abs().max() <= 10 * 5**2.5 * ROUNDING
    kernel = Convolution(4, 3, Weights("orthogonal", 1, "fan_in"), "zero")
    images = Inputs((4, 5, 6), count=2, correlation=0.3, squared_length=7.0)
    seen = direct.draw(Network(images, (kernel,)), 0, experiment="isometry", device="cpu")
    lengths = squared_norm(seen.values[1])
    assert ((lengths - 7).abs() <= 7 * 2 * 10 * 4**2.5 * ROUNDING).all()  # |Wx|^2 - |x|^2 = x^T (W^T W - I) x


def test_a_network_that_does_not_fit_is_refused_and_says_what_to_do():
    large = dense((2**16, 2**16), Weights())
    assert "use smaller widths" in direct.refusal(large)
    with pytest.raises(ValueError, match="holds at most"):
        direct.draw(large, 0, experiment="large", device="cpu")
