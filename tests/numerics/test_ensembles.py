"""A description of a random network is checked when it is made, and says in one sentence what is wrong with it."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from numerics.ensembles import (
    Activation,
    Affine,
    BatchNorm,
    Convolution,
    Inputs,
    Network,
    Residual,
    Weights,
    dense,
    highway,
    looks_linear,
    residual,
)  # fmt: skip
from numerics.ensembles.strategies import inputs, networks

ROUNDING = 2.0**-53


@given(x=inputs())
def test_fixed_inputs_have_the_length_and_the_correlation_they_name(x):
    assume(x.directions <= x.size)
    fixed = Inputs(x.shape, x.count, x.correlation, x.squared_length).fixed()
    expected = x.squared_length * ((1 - x.correlation) * np.eye(x.count) + x.correlation)
    # an orthonormal frame to 2^3 n roundings, and a Cholesky factor of at most 3 rows
    assert np.abs(fixed @ fixed.T - expected).max() <= 2**6 * x.size * ROUNDING * x.squared_length


@given(width=st.integers(1, 500))
def test_the_first_fixed_input_has_no_ties(width):
    (entries,) = Inputs((width,)).fixed()
    assert math.fsum(entries**2) == pytest.approx(1, rel=2**3 * width * ROUNDING)
    assert max(Counter(entries).values()) == 1
    assert (entries > 0).all()


@given(network=networks())
def test_the_counts_of_a_network_are_those_of_its_layers(network):
    drawn = sum(math.prod(layer.matrix(before)) for layer, before in network.matrices())
    assert network.weight_count == drawn
    assert network.value_count >= network.inputs.count * sum(math.prod(shape) for shape in network.shapes)
    assert all(min(shape) >= 1 for shape in network.shapes)


@pytest.mark.parametrize(
    ("weights", "variance"),
    [
        (Weights("normal", 2, "fan_in"), 2 / 3), (Weights("normal", 2, "fan_out"), 2 / 5),
        (Weights("uniform", 1, "fan_average"), 1 / 4), (Weights("sign", 0.7), 0.7),
    ],
)  # fmt: skip
def test_conventions_name_the_variance_of_an_entry(weights, variance):
    assert weights.entry_variance(3, 5) == pytest.approx(variance, rel=2 * ROUNDING)


def test_the_fans_of_a_convolution_count_its_kernel_and_those_of_an_orthogonal_one_its_centre():
    assert Convolution(5, 3, Weights("normal", 1, "fan_in")).entry_variance((2, 8, 8)) == 1 / 18
    assert Convolution(5, 3, Weights("normal", 1, "fan_out")).entry_variance((2, 8, 8)) == 1 / 45
    assert Convolution(2, 3, Weights("orthogonal", 1, "fan_in")).entry_variance((2, 8, 8)) == 1 / 2


def test_the_families_are_the_networks_of_the_papers():
    relu, he = Activation("relu"), Weights("normal", 2, "fan_in")
    assert dense((3, 4, 2), he, "relu").layers == (Affine(4, he), relu, Affine(2, he), relu)
    assert dense((3, 4, 2), he, "relu", last_activation=False).layers == (Affine(4, he), relu, Affine(2, he))
    assert residual(3, (0.5, 0.25), "relu").layers == tuple(
        Residual((Affine(3, he), relu), 1.0, scale) for scale in (0.5, 0.25)
    )
    assert residual(3, (1,), "linear", hidden=7).layers == (Residual((Affine(7, he), relu, Affine(3, he))),)
    two = Inputs((3,), 2)
    normalised = residual(3, (1,), "preactivation", batch_norm=True, inputs=two).layers
    assert normalised == (Residual((BatchNorm(), relu, Affine(3, he))),)
    (module, _) = highway(3, 2, 0.6).layers
    assert (module.skip, module.scale) == pytest.approx((0.6, 0.8), rel=2**3 * ROUNDING)
    assert looks_linear((3, 4, 2), he).layers == (Affine(4, he), Activation("crelu"), Affine(2, he, mirrored=True))
    assert looks_linear((3, 4, 2), he).shapes == ((3,), (4,), (8,), (2,))


W = Weights()


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: dense((3,), W), "input and an output"), (lambda: dense((3, 0), W), "positive integer"),
        (lambda: dense((0, 3), W), "positive integer"), (lambda: dense(3, W), "sequence"),
        (lambda: dense("32", W), "positive integer"), (lambda: dense((3, True), W), "positive integer"),
        (lambda: dense((3, 2.0), W), "positive integer"), (lambda: dense((3, 2), [W, W]), "1 weight matrices"),
        (lambda: dense((3, 2), W, inputs=Inputs((2,))), "first width is 3"),
        (lambda: dense((3, 2), W, "swish"), "unknown activation 'swish'"),
        (lambda: dense((3, 2), W, "relu", slope=0.1), "leaky_relu"),
        (lambda: dense((3, 2), W, "leaky_relu"), "add or remove the slope"),
        (lambda: dense((3, 2), W, "prelu", slope=math.inf), "finite"),
        (lambda: dense((3, 2), W, output_gradient_variance=math.inf), "finite"),
        (lambda: dense((3, 8), Weights("orthogonal")), "8 columns of 3 rows cannot be"),
        (lambda: dense((3, 2), W, bias=Weights("orthogonal")), "independent entries"),
        (lambda: Weights("cauchy"), "unknown weight law 'cauchy'"), (lambda: Weights("normal", -1), "must be >= 0"),
        (lambda: Weights("normal", math.nan), "finite"), (lambda: Weights("normal", "1"), "finite"),
        (lambda: Weights("normal", 1, "fan"), "unknown variance convention 'fan'"),
        (lambda: Weights("sparse"), "density belongs to sparse"), (lambda: Weights("normal", 1, density=0.5), "density"),
        (lambda: Weights("sparse", 1, density=0.0), r"in \(0, 1\]"), (lambda: Weights("sparse", 1, density=2), "in "),
        (lambda: Inputs((0,)), "positive integer"), (lambda: Inputs((2, 2)), "image"), (lambda: Inputs(3), "sequence"),
        (lambda: Inputs((3,), 0), "positive integer"), (lambda: Inputs((3,), 2, 1.2), "between -1 and 1"),
        (lambda: Inputs((3,), 2, -1.2), "between -1 and 1"), (lambda: Inputs((3,), 3, -0.6), "between -0.5 and 1"),
        (lambda: Inputs((3,), 4), "span 4 dimensions"), (lambda: Inputs((3,), squared_length=-1), ">= 0"),
        (lambda: Network(Inputs((3,)), ()), "at least one layer"), (lambda: Network(Inputs((3,)), 3), "sequence"),
        (lambda: Network(Inputs((3,)), ("relu",)), "must be one of"),
        (lambda: Network(Inputs((3,)), (BatchNorm(),)), "at least two"),
        (lambda: Network(Inputs((3,)), (Residual((BatchNorm(),)),)), "at least two"),
        (lambda: Network(Inputs((3,)), (Residual((Affine(4, W),)),)), "must keep the shape"),
        (lambda: Network(Inputs((3,)), (Affine(2, W, mirrored=True),)), "even number of units"),
        (lambda: Network(Inputs((3,)), (Convolution(2, 1, W),)), "needs images"),
        (lambda: Network(Inputs((1, 2, 4)), (Convolution(2, 3, W),)), "larger than the 2 x 4 image"),
        (lambda: Convolution(2, 2, W), "odd"), (lambda: Convolution(2, 3, W, "reflect"), "unknown padding"),
        (lambda: residual(3, (1,), "conv"), "unknown residual module"),
        (lambda: residual(3, (1,), "relu", hidden=2), "no hidden width"), (lambda: residual(3, 1), "sequence"),
        (lambda: highway(3, 2, 1.5), "gamma1 must lie"), (lambda: highway(3, 0, 0.5), "depth"),
        (lambda: looks_linear((3,), W), "input and an output"),
    ],
)  # fmt: skip
def test_a_network_that_is_none_is_refused_in_one_sentence(build, said):
    with pytest.raises(ValueError, match=said) as refusal:
        build()
    assert str(refusal.value).count(". ") == 0
