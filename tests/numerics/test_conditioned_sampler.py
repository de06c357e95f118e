"""The conditioned sampler has the law of the direct one, forwards and backwards, and says what it cannot draw.

Two laws are compared by the largest distance of their distribution functions (``numerics.evidence.two_sample``): a
true difference of ``DISTANCE`` anywhere in a law is found except with probability ``BETA``.
"""

import math
from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics import evidence
from numerics.ensembles import Convolution, Inputs, Network, Weights, dense, highway, looks_linear, residual
from numerics.ensembles.strategies import networks, seeds
from numerics.sampling import conditioned, direct
from numerics.sampling.passes import gram, squared_norm

DISTANCE, BETA = 0.06, 1e-3
COARSE = 0.2  # in drawn networks, of which there are many
ROUNDING = 2.0**-24
FINEST = 2.0**10  # well above the rounding of float32 values, 2^-24, and the remainder that counts as parallel, 2^-16
HE = Weights("normal", 2, "fan_in")


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def correlation(values):
    """The mean cosine of the angle between the values of two inputs, over all pairs; NaN where a value is 0.

    It is read in steps of 1/FINEST: values that are parallel have a cosine of 1 but for rounding, which is not under test.
    """
    products = gram(values)
    lengths = products.diagonal(dim1=1, dim2=2).sqrt()
    cosines = products / (lengths.unsqueeze(1) * lengths.unsqueeze(2))
    count = cosines.shape[1]
    mean = (cosines.sum(dim=(1, 2)) - count) / (count * (count - 1))
    return (mean * FINEST).round() / FINEST


QUANTITIES = {
    "forward norm": lambda seen: squared_norm(seen.values[-1])[:, 0],
    "gradient norm": lambda seen: squared_norm(seen.slopes[0])[:, 0],
    "forward correlation": lambda seen: correlation(seen.values[-1]),
    "gradient correlation": lambda seen: correlation(seen.slopes[0]),
}
FURTHER = {"gradient sum": lambda seen: seen.slopes[0].double().flatten(1).sum(dim=1)}


def network(width, depth, count, rho, activation="relu", weights=HE, **options):
    inputs = Inputs((width,), count, rho)
    return dense((width,) * (depth + 1), weights, activation, inputs=inputs, last_activation=False, **options)


NETWORKS = {
    "width 4, depth 3, 2 inputs, correlation 0": network(4, 3, 2, 0.0),
    "width 16, depth 5, 2 inputs, correlation 0.5": network(16, 5, 2, 0.5),
    "width 32, depth 2, 2 inputs, correlation -0.9": network(32, 2, 2, -0.9),
    "width 8, depth 10, 2 inputs, correlation 0.999": network(8, 10, 2, 0.999),
    "width 5, depth 3, 4 inputs, correlation 0": network(5, 3, 4, 0.0),
    "width 12, depth 4, 4 inputs, correlation 0.9": network(12, 4, 4, 0.9),
    "width 6, depth 3, 4 inputs of a simplex": network(6, 3, 4, -1 / 3, "tanh", Weights("normal", 4, "fan_in")),
    "widths 9, 3, 7, 2, 2 inputs, biases": dense(
        (9, 3, 7, 2), HE, "softplus", bias=Weights("normal", 0.5), inputs=Inputs((9,), 2, 0.3)
    ),
}


def same_law(network, quantity, seed, alpha, distance=DISTANCE):
    plan = evidence.plan_same_law(distance=distance, alpha=alpha, beta=BETA, condition="no dead layer")
    options = {"measure": (QUANTITIES | FURTHER)[quantity], "device": "cpu"}
    drawn = [
        sampler.sample(network, plan.budget, experiment=f"{sampler.__name__} {quantity} {seed}", **options)
        for sampler in (direct, conditioned)
    ]
    return evidence.judge(plan, evidence.paired(*drawn))


@pytest.mark.sampled(checks=len(QUANTITIES))
@pytest.mark.parametrize("name", NETWORKS)
def test_conditioned_and_direct_have_one_law(sampled, name):
    for quantity in QUANTITIES:
        sampled.agrees(partial(same_law, NETWORKS[name], quantity, name))


FAMILIES = {
    "residual, one layer": residual(6, (1.0, 0.5), "relu", inputs=Inputs((6,), 2, 0.5)),
    "residual, two layers": residual(5, (0.7, 0.7), "linear", hidden=9, inputs=Inputs((5,), 2, 0.5)),
    "residual, batch normalisation": residual(
        6, (1.0, 1.0), "preactivation", batch_norm=True, inputs=Inputs((6,), 4, 0.2)
    ),
    "highway": highway(7, 3, 0.6, inputs=Inputs((7,), 2, 0.0)),
    "looks linear": looks_linear((4, 6, 4, 4), Weights("normal", 1, "fan_in"), inputs=Inputs((4,), 2, 0.5)),
}


@pytest.mark.sampled(checks=2)
@pytest.mark.parametrize("name", FAMILIES)
def test_conditioned_and_direct_have_one_law_in_residual_highway_and_mirrored_networks(sampled, name):
    for quantity in ("forward norm", "gradient correlation"):
        sampled.agrees(partial(same_law, FAMILIES[name], quantity, name))


@pytest.mark.sampled(checks=2)
@settings(max_examples=10, deadline=None)
@given(network=networks(kinds=("affine", "activation", "residual"), laws=("normal",)), seed=seeds())
def test_conditioned_and_direct_have_one_law_in_drawn_networks(sampled, network, seed):
    for quantity in ("forward norm", "gradient sum"):
        sampled.agrees(partial(same_law, network, quantity, str(seed), distance=COARSE))


def test_the_product_with_a_matrix_and_with_its_transpose_are_adjoint():
    """<D, H W> = <D W^T, H>: both passes meet one matrix, also for dependent rows. Sums of at most 2^8 terms."""
    deep = network(16, 6, 4, 0.5, "linear", Weights("normal", 1, "fan_in"))
    equal = network(16, 6, 2, 1.0, "linear", Weights("normal", 1, "fan_in"))
    for linear in (deep, equal):
        seen = conditioned.draw(linear, 0, experiment="adjoint", device="cpu")
        products = [v.double() * g.double() for v, g in zip(seen.values, seen.slopes, strict=True)]
        levels, sizes = [p.sum(dim=2) for p in products], [p.abs().sum(dim=2) for p in products]
        for level, size in zip(levels, sizes, strict=True):
            assert ((level - levels[-1]).abs() <= 2**8 * ROUNDING * (size + sizes[-1]) + 2.0**-14 * size).all()


@given(
    seed=seeds(), width=st.integers(1, 20), count=st.integers(1, 4),
    closeness=st.sampled_from([1.0, 1e-2, 1e-4, 1e-6, 0.0]),
)  # fmt: skip
def test_rows_are_a_triangular_factor_times_orthonormal_rows_also_where_they_are_nearly_parallel(
    seed, width, count, closeness
):
    """H = L Q to the fraction below which a row counts as dependent; Q Q^T is the identity or has zero rows.

    After a second pass the loss of orthogonality is a few roundings, times the width (giraud2005).
    """
    stream = torch.Generator().manual_seed(seed)
    base = torch.randn(8, 1, width, generator=stream)
    rows = base + closeness * torch.randn(8, count, width, generator=stream)
    factor, frame = conditioned.factored(rows)
    left = torch.linalg.vector_norm((factor.double() @ frame.double() - rows.double()), dim=2)
    bound = (conditioned._PARALLEL + 2**4 * width * ROUNDING) * torch.linalg.vector_norm(rows.double(), dim=2)
    assert (left <= bound).all()
    products = frame.double() @ frame.double().mT
    present = products.diagonal(dim1=1, dim2=2).round()
    assert set(present.unique().tolist()) <= {0.0, 1.0}
    assert (products - torch.diag_embed(present)).abs().max() <= 2**5 * width * ROUNDING
    assert present.sum(dim=1).max() <= width
    if closeness == 0:
        assert (present.sum(dim=1) == 1).all()


def test_a_dead_layer_is_an_outcome_with_its_probability_and_no_nan():
    """One unit a layer dies with chance 1/2: nothing but zeros above it, no gradient below."""
    narrow = dense((1, 1, 1), HE, "relu")
    seen = conditioned.draw(narrow, 0, experiment="dead", device="cpu")
    assert not any(values.isnan().any() for values in (*seen.values, *seen.slopes))
    dead = seen.values[2][:, 0, 0] == 0
    assert dead.any()
    assert not dead.all()
    assert not seen.values[-1][dead].any()
    assert not seen.slopes[0][dead].any()


@pytest.mark.parametrize("law", ["uniform", "truncated", "sign", "orthogonal", "sparse"])
def test_other_laws_than_the_normal_are_refused_with_the_reason(law):
    other = dense((3, 2), Weights(law, 1, density=0.5 if law == "sparse" else None))
    assert f"these are {law}" in conditioned.refusal(other)
    with pytest.raises(ValueError, match="use the direct sampler"):
        conditioned.draw(other, 0, experiment="refused", device="cpu")


def test_convolutions_are_refused_with_the_reason():
    images = Network(Inputs((1, 3, 3)), (Convolution(2, 3, HE),))
    with pytest.raises(ValueError, match="a kernel meets many patches"):
        conditioned.draw(images, 0, experiment="refused", device="cpu")
    assert math.isfinite(direct.draw(images, 0, experiment="drawn", device="cpu").values[1].sum())
