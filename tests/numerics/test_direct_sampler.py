"""The direct sampler runs the equations it states, on weights of the law it names, whatever the chunking.

Sampled checks have two error rates (``numerics.evidence``); their variances are derived beside them. They
look for shifts of some percent, so float32 rounding of some 1e-6 does not count.
"""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma, polygamma
from scipy.stats import binom
from torch.nn import functional

from numerics import ensembles, evidence
from numerics.ensembles import Dense
from numerics.sampling import direct

ERRORS = evidence.ErrorBudget(checks=5)
BETA = 1e-9  # chance that a wrong law named below slips through one check
ROUNDING = 2.0**-24  # of one float32 operation
REFERENCES = {
    "linear": lambda s, slope: s.clone(),
    "relu": lambda s, slope: functional.relu(s),
    "leaky_relu": lambda s, slope: functional.leaky_relu(s, slope),
    "tanh": lambda s, slope: functional.tanh(s),
    "sigmoid": lambda s, slope: functional.sigmoid(s),
    "softsign": lambda s, slope: functional.softsign(s),
}
SEEDS = st.integers(0, 2**63)


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@st.composite
def networks(draw, laws=ensembles.LAWS, activations=ensembles.ACTIVATIONS):
    law, activation = draw(st.sampled_from(laws)), draw(st.sampled_from(activations))
    widths = draw(st.lists(st.integers(1, 6), min_size=2, max_size=5))
    if law == "orthogonal":
        widths = [widths[0]] * len(widths)
    return Dense(
        tuple(widths),
        tuple(draw(st.floats(0.1, 2)) for _ in widths[1:]),
        activation=activation,
        slope=draw(st.sampled_from([-0.5, 0.0, 0.01, 1.0])) if activation == "leaky_relu" else None,
        law=law,
        input_variance=draw(st.sampled_from([None, 0.5, 2.0])),
    )


@settings(max_examples=40, deadline=None)
@given(network=networks(), seed=SEEDS)
def test_forward_and_backward_pass_equal_autograd(network, seed):
    """Each layer from the record's own float32 values, in float64: the whole pass follows by induction.

    A float32 sum of n products errs by at most n ROUNDING times the sum of their sizes to first order
    (higham2002, 3.1), allowed twice for the higher orders; an activation and its derivative are at most
    16 roundings. The reference's own 1 - f^2 errs by 2^-52.
    """
    seen = direct.draw(network, 0, experiment=f"autograd {seed}", device="cpu")
    z, s, delta, w = (
        [t.double() for t in ts]
        for ts in (seen.activations, seen.pre_activations, seen.gradients, seen.weights)
    )
    for i in range(network.layers):
        matrix, before = w[i].requires_grad_(), z[i]
        exact = torch.einsum("bl,blk->bk", before, matrix)
        sizes = torch.einsum("bl,blk->bk", before.abs(), matrix.detach().abs())
        assert ((exact.detach() - s[i]).abs() <= 2 * network.widths[i] * ROUNDING * sizes).all()
        (weight_gradient,) = torch.autograd.grad(exact, matrix, delta[i])
        assert torch.equal(weight_gradient, before.unsqueeze(2) * delta[i].unsqueeze(1))
        leaf = s[i].clone().requires_grad_()
        value = REFERENCES[network.activation](leaf, network.slope)
        assert ((value.detach() - z[i + 1]).abs() <= 16 * ROUNDING * value.detach().abs()).all()
        if i + 1 < network.layers:
            after = torch.einsum("bl,blk->bk", value, w[i + 1].detach())
            (expected,) = torch.autograd.grad(after, leaf, delta[i + 1])
            sizes = torch.einsum("bk,blk->bl", delta[i + 1].abs(), w[i + 1].detach().abs())
            (slopes,) = torch.autograd.grad(REFERENCES[network.activation](leaf, network.slope).sum(), leaf)
            roundings = 2 * (network.widths[i + 2] + 16) * ROUNDING
            assert ((expected - delta[i]).abs() <= (roundings * slopes.abs() + 2**-52) * sizes).all()


@settings(max_examples=10, deadline=None)
@given(network=networks(), seed=SEEDS, count=st.integers(1, 3 * direct.BLOCK_NETWORKS))
def test_values_do_not_depend_on_how_a_run_is_cut(network, seed, count):
    """Blocks alone and in reverse, a long run, and a short run give the same values bit by bit."""
    experiment = f"cut {seed}"

    def measure(seen):
        return direct.squared_norm(seen.pre_activations[-1]) + direct.squared_norm(seen.gradients[0])

    def run(networks):
        return list(direct.sample(network, networks, experiment=experiment, measure=measure, device="cpu"))

    size = direct.block_size(network)
    blocks = math.ceil(count / size)
    drawn = [direct.draw(network, b, experiment=experiment, device="cpu") for b in reversed(range(blocks))]
    assert [len(block) for block in run(count)] == [size] * (blocks - 1) + [count - size * (blocks - 1)]
    values = torch.cat(run(count))
    assert torch.equal(values, torch.cat([measure(seen) for seen in drawn[::-1]])[:count])
    assert torch.equal(torch.cat(run((count + 1) // 2)), values[: (count + 1) // 2])
    for one, other in itertools.pairwise(drawn):
        assert not torch.equal(one.weights[0], other.weights[0])


def test_a_block_holds_at_most_its_floats_and_a_network_that_does_not_fit_is_refused():
    for widths in ((3, 5), (1000, 1000, 10), (5000, 5000)):
        network = Dense(widths, [1.0] * (len(widths) - 1))
        size = direct.block_size(network)
        assert size == 1 or size * network.weight_count <= direct.BLOCK_FLOATS
    with pytest.raises(ValueError, match="holds at most"):
        direct.block_size(Dense((2**16, 2**16), [1.0]))


def judged(check, network, measure, experiment):
    blocks = direct.sample(network, check.budget, experiment=experiment, measure=measure, device="cpu")
    return evidence.judge(check, blocks)


FORWARD_EXAMPLES = 8
FORWARD_ALPHA = ERRORS.take(2 * FORWARD_EXAMPLES)  # two verdicts an example


@settings(max_examples=FORWARD_EXAMPLES, deadline=None)
@given(
    seed=SEEDS,
    widths=st.lists(st.integers(2, 6), min_size=2, max_size=4),
    input_variance=st.floats(0.1, 10),
    data=st.data(),
)
def test_a_linear_network_has_the_derived_second_moment_and_not_that_of_twice_the_variance(
    seed, widths, input_variance, data
):
    """E (z^{d+1}_k)^2 = q prod n_i v_i, with q the variance of the input.

    For normal weights and input E|z^0|^4 = q^2 n_0 (n_0 + 2) and E|z^{i+1}|^4 = v_i^2 n_{i+1} (n_{i+1} + 2)
    E|z^i|^4, and one output unit has E (z^{d+1}_k)^4 = 3 v_d^2 E|z^d|^4.
    """
    variances = [data.draw(st.floats(0.1, 2)) for _ in widths[1:]]
    network = Dense(tuple(widths), variances, input_variance=input_variance)
    mean = input_variance * math.prod(n * v for n, v in zip(widths, variances, strict=False))
    fourth = (
        input_variance**2
        * math.prod(n * (n + 2) for n in widths[:-1])
        * 3
        * math.prod(v**2 for v in variances)
    )
    variance = fourth - mean**2

    def measure(seen):
        return seen.activations[-1][:, 0].double().square()

    check = evidence.plan(mean, variance, shift=evidence.relative(mean, 0.2), alpha=FORWARD_ALPHA, beta=BETA)
    assert judged(check, network, measure, f"forward {seed}").verdict == "agrees"
    layer = data.draw(st.integers(0, len(variances) - 1))
    doubled = [v * (2 if i == layer else 1) for i, v in enumerate(variances)]
    wrong = Dense(tuple(widths), doubled, input_variance=input_variance)
    check = evidence.plan(
        mean, 4 * variance, shift=mean, alpha=FORWARD_ALPHA, beta=BETA
    )  # doubling scales by 2
    assert judged(check, wrong, measure, f"doubled {seed}").verdict == "refuted"


LAW_MOMENTS = {"normal": (3, 105), "uniform": (9 / 5, 9), "sign": (1, 1)}  # E w^4 and E w^8 at variance 1
LAW_ALPHA = ERRORS.take(3 * len(LAW_MOMENTS))


@pytest.mark.parametrize("law", LAW_MOMENTS)
def test_weights_have_the_moments_of_their_law(law):
    """Entry (1, 2) of the second of two matrices: E w = 0, E w^2, and E w^4, with variances up to E w^8."""
    fourth, eighth = LAW_MOMENTS[law]
    v = 0.7
    network = Dense((2, 2, 3), (1.0, v), law=law)
    for power, mean, square in ((1, 0, v), (2, v, fourth * v**2), (4, fourth * v**2, eighth * v**4)):
        shift = 0.05 * math.sqrt(square)
        check = evidence.plan(mean, max(square - mean**2, 0.0), shift=shift, alpha=LAW_ALPHA, beta=BETA)
        found = judged(
            check, network, lambda seen, p=power: seen.weights[1][:, 1, 2].double() ** p, f"law {law}"
        )
        assert found.verdict == "agrees", found
    if law == "sign":
        matrices = direct.draw(network, 0, experiment="signs", device="cpu").weights[1]
        assert matrices.abs().unique().tolist() == [np.float32(math.sqrt(v))]
    if law == "uniform":
        matrices = direct.draw(network, 0, experiment="uniform", device="cpu").weights[1]
        assert matrices.abs().max() <= math.sqrt(3 * v) * (1 + 4 * ROUNDING)  # of four operations


ORTHOGONAL_ALPHA = ERRORS.take(4)


def test_orthogonal_weights_are_haar():
    """With W = sqrt(n v) Q and Q Haar, the moments of Q are those below (collins2006).

    E Q_11 = 0 needs R's diagonal to be made positive. As |Q_ij| <= 1, the variance of Q_11^4 is at most
    E Q_11^4, and that of Q_11 Q_22 Q_12 Q_21 at most E Q_11^2 Q_12^2 = 1/(n(n+2)).
    """
    n, v = 3, 0.7
    network = Dense((n, n, n), (1.0, v), law="orthogonal")
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
        check = evidence.plan(mean, variance, shift=shift, alpha=ORTHOGONAL_ALPHA, beta=BETA)
        found = judged(check, network, lambda seen, entry=entry: entry(entries(seen)), "haar")
        assert found.verdict == "agrees", found


GRADIENT_ALPHA = ERRORS.take(2)


def test_output_gradients_have_their_variance_and_do_not_know_the_weights():
    """E (delta^d_1)^2 = g with variance 2 g^2, and E delta^d_1 W^d_11 = 0 with variance g v."""
    g, v = 2.5, 0.5
    network = Dense((2, 2, 2), (1.0, v), output_gradient_variance=g)
    check = evidence.plan(g, 2 * g**2, shift=0.1 * g, alpha=GRADIENT_ALPHA, beta=BETA)
    found = judged(check, network, lambda seen: seen.gradients[-1][:, 0].double().square(), "gradient")
    assert found.verdict == "agrees", found
    check = evidence.plan(0.0, g * v, shift=0.05, alpha=GRADIENT_ALPHA, beta=BETA)
    found = judged(
        check, network, lambda seen: (seen.gradients[-1] * seen.weights[-1][:, 0])[:, 0].double(), "apart"
    )
    assert found.verdict == "agrees", found


WALK_EXAMPLES = 6
WALK_ALPHA = ERRORS.take(3 * WALK_EXAMPLES)


def log_ratio(seen):
    """ln |delta^0|^2/|delta^1|^2, or NaN where the layer is dead."""
    ratio = direct.squared_norm(seen.gradients[0]) / direct.squared_norm(seen.gradients[1])
    return torch.where(ratio > 0, ratio.log(), math.nan)


@settings(max_examples=WALK_EXAMPLES, deadline=None)
@given(seed=SEEDS, width=st.integers(1, 8), law_of_first=st.sampled_from(["normal", "uniform"]))
def test_one_backward_step_at_relu_is_chi_square_over_a_binomial_and_dead_layers_are_counted(
    seed, width, law_of_first
):
    """The ratio is v chi^2_K with K ~ Bin(n, 1/2) live units; K = 0 is a dead layer, left out of the mean.

    Given K, E ln = ln 2v + digamma(K/2) and Var ln = trigamma(K/2). The plain ratio has mean n v/2 and second
    moment v^2 E(K^2 + 2K) = v^2 (n^2 + 5n)/4.
    """
    v = 2 / width
    network = Dense((3, width, 4), (1.0, v), activation="relu", input_variance=None)
    live = np.arange(1, width + 1)
    weights = binom.pmf(live, width, 0.5) / (1 - 0.5**width)
    centres = math.log(2 * v) + digamma(live / 2)
    mean = float(weights @ centres)
    variance = float(weights @ (polygamma(1, live / 2) + (centres - mean) ** 2))
    check = evidence.plan(mean, variance, shift=0.1, alpha=WALK_ALPHA, beta=BETA, condition="no dead layer")
    found = judged(check, network, log_ratio, f"walk {seed}")
    assert found.verdict == "agrees", found
    dead = 0.5**width
    check = evidence.plan(dead, dead * (1 - dead), shift=0.05, alpha=WALK_ALPHA, beta=BETA)
    assert (
        judged(check, network, lambda seen: log_ratio(seen).isnan().double(), f"dead {seed}").verdict
        == "agrees"
    )
    second = v**2 * (width**2 + 5 * width) / 4
    check = evidence.plan(
        width * v / 2, second - (width * v / 2) ** 2, shift=0.1, alpha=WALK_ALPHA, beta=BETA
    )
    plain = judged(check, network, lambda seen: log_ratio(seen).exp().nan_to_num(0.0), f"plain {seed}")
    assert plain.verdict == "agrees", plain


@given(width=st.integers(1, 500))
def test_the_fixed_input_has_unit_norm_and_no_ties(width):
    entries = ensembles.unit_input(width)
    assert math.fsum(x * x for x in entries) == pytest.approx(
        1, rel=8 * 2**-53
    )  # norm, division, square: 8 roundings
    assert max(Counter(entries).values()) == 1


@pytest.mark.parametrize(
    "network",
    [
        Dense((2, 2) * 60, (0.01,) * 119),
        Dense((2, 2) * 60, (1e3,) * 119),
        Dense((2, 2), (1e-300,), activation="relu"),
        Dense((20,) * 60, (1e-4,) * 59, activation="relu"),
        Dense((3, 3, 3), (1e6, 1.0), activation="tanh"),
    ],
)
def test_leaving_the_range_of_float32_is_an_error_and_not_a_dead_layer(network):
    with pytest.raises(OverflowError, match="float32"):
        direct.draw(network, 0, experiment="range", device="cpu")


def test_a_variance_of_zero_gives_zeros():
    seen = direct.draw(Dense((2, 2, 2), (0.0, 1.0)), 0, experiment="zero", device="cpu")
    assert not seen.pre_activations[0].any()
    assert seen.gradients[0].all()


@pytest.mark.parametrize(
    "measured", [torch.zeros(3).double(), torch.zeros(4096), torch.zeros(4096, 1).double(), 0.0]
)
def test_a_measure_of_another_shape_or_dtype_is_an_error(measured):
    with pytest.raises(ValueError, match="float64 tensor of shape"):
        next(
            direct.sample(
                Dense((1, 1), (1.0,)), 1, experiment="bad", measure=lambda seen: measured, device="cpu"
            )
        )


@pytest.mark.parametrize("count", [0, -1, 1.5])
def test_a_count_or_block_that_is_none_is_an_error(count):
    with pytest.raises(ValueError, match="positive integer"):
        next(direct.sample(Dense((1, 1), (1.0,)), count, experiment="bad", measure=log_ratio, device="cpu"))
    if count != 0:
        with pytest.raises(ValueError, match="integer >= 0"):
            direct.draw(Dense((1, 1), (1.0,)), count, experiment="bad", device="cpu")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"widths": (3,)}, "input and an output"), ({"widths": (3, 0)}, "positive integer"),
        ({"widths": 3}, "sequence"), ({"widths": "32"}, "positive integer"),
        ({"widths": (3, True)}, "positive integer"), ({"widths": (3, 2.0)}, "positive integer"),
        ({"weight_variances": (1.0, 1.0)}, "one for each"), ({"weight_variances": (-1.0,)}, ">= 0"),
        ({"weight_variances": (math.nan,)}, "finite"), ({"weight_variances": 1.0}, "sequence"),
        ({"weight_variances": ("1",)}, "finite"), ({"activation": "gelu"}, "unknown activation 'gelu'"),
        ({"law": "cauchy"}, "unknown weight law 'cauchy'"), ({"law": "orthogonal"}, "square"),
        ({"slope": 0.1}, "leaky_relu"), ({"activation": "leaky_relu"}, "leaky_relu"),
        ({"activation": "leaky_relu", "slope": math.inf}, "finite"), ({"input_variance": -1.0}, ">= 0"),
        ({"output_gradient_variance": math.inf}, "finite"),
    ],
)  # fmt: skip
def test_a_network_that_is_none_is_refused_in_one_sentence(wrong, said):
    good = {"widths": (3, 2), "weight_variances": (1.0,)}
    assert Dense(**good) == Dense([3, 2], [1])
    with pytest.raises(ValueError, match=said):
        Dense(**(good | wrong))
