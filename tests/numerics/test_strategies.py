"""What the strategies draw is a network, everything that can be asked for is drawn, and it shrinks to something small."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from numerics.ensembles import ACTIVATIONS, LAWS, Activation, Affine, BatchNorm, Convolution, Network, Residual
from numerics.ensembles.layers import PADDINGS
from numerics.ensembles.strategies import CORRELATIONS, KINDS, inputs, networks, seeds
from numerics.ensembles.weights import FANS
from numerics.sampling import direct

TYPES = dict(zip(KINDS, (Affine, Activation, Convolution, BatchNorm, Residual), strict=True))


def all_layers(layers):
    for layer in layers:
        yield layer
        yield from all_layers(layer.body if isinstance(layer, Residual) else ())


def laws_of(network):
    return {layer.weights.law for layer, _ in network.matrices()}


RARE = networks(kinds=("convolution",)) | networks(kinds=("activation", "residual"), activations=("relu", "crelu"))


@settings(max_examples=200)
@given(network=networks() | RARE)
def test_a_network_is_drawn_whose_every_matrix_exists_and_keeps_the_scale(network):
    assert Network(network.inputs, network.layers, network.output_gradient_variance) == network
    for layer, below in network.matrices():
        rows, columns = layer.matrix(below)
        assert layer.weights.law != "orthogonal" or columns <= rows
        # a fan times a scale, over the rows, over the fan, times the rows: four roundings
        kept = rows * layer.entry_variance(below)
        assert kept in (pytest.approx(1, rel=4 * 2**-52), pytest.approx(0.5, rel=4 * 2**-52))


@given(network=networks(), seed=seeds())
def test_the_direct_sampler_draws_every_network_within_the_range_of_float32(network, seed):
    seen = direct.draw(network, 0, experiment=f"strategies {seed}", device="cpu")
    sizes = [tuple(value.shape[2:]) for value in seen.values]
    assert sizes == list(network.shapes) == [tuple(slope.shape[2:]) for slope in seen.slopes]
    assert all(value.isfinite().all() for value in (*seen.values, *seen.slopes))


@given(
    data=st.data(), kinds=st.sets(st.sampled_from(KINDS), min_size=1), laws=st.sets(st.sampled_from(LAWS), min_size=1)
)
def test_nothing_is_drawn_that_was_not_asked_for(data, kinds, laws):
    network = data.draw(networks(kinds=sorted(kinds), laws=sorted(laws), activations=("relu", "crelu")))
    assert {type(layer) for layer in all_layers(network.layers)} <= {TYPES[kind] for kind in kinds}
    assert laws_of(network) <= laws
    names = {layer.name for layer in all_layers(network.layers) if isinstance(layer, Activation)}
    assert names <= {"relu", "crelu"}


def features(network):
    """What can be asked for, as far as this network has it."""
    layers, x = list(all_layers(network.layers)), network.inputs
    bodies = [type(layer) for module in layers if isinstance(module, Residual) for layer in module.body]
    yield from (type(layer) for layer in network.layers)
    yield from (("in a module", kind) for kind in bodies)
    yield from (layer.name for layer in layers if isinstance(layer, Activation))
    yield from ((layer.weights.law, layer.bias is not None) for layer, _ in network.matrices())
    yield from (layer.weights.per for layer, _ in network.matrices())
    yield from (layer.padding for layer in layers if isinstance(layer, Convolution))
    yield from ("mirrored" for layer in layers if getattr(layer, "mirrored", False))
    yield (x.count, x.random)
    yield (len(x.shape), x.correlation)


WANTED = {
    *TYPES.values(),
    *(("in a module", kind) for kind in TYPES.values() if kind is not Residual),
    *ACTIVATIONS,
    *itertools.product(LAWS, (False, True)),
    *FANS,
    *PADDINGS,
    "mirrored",
    *itertools.product((1, 2, 3), (False, True)),
    *itertools.product((1, 3), CORRELATIONS),
}


def test_everything_that_can_be_asked_for_is_drawn():
    seen = set()

    @settings(max_examples=500, phases=[Phase.generate])
    @given(network=networks(), other=networks(kinds=("affine", "activation", "residual")))
    def look(network, other):
        seen.update(features(network), features(other))

    look()
    assert WANTED - seen == set()


@given(x=inputs(ranks=(1,), least=2))
def test_inputs_are_what_was_asked_for(x):
    assert len(x.shape) == 1
    assert 2 <= x.count <= 3
    assert x.random or x.fixed().shape == (x.count, x.size)


def test_a_failure_shrinks_to_one_small_layer():
    found = find(networks(), lambda network: network.weight_count > 0, settings=settings(derandomize=True))
    (layer,) = found.layers
    assert (found.inputs.size, found.inputs.random, found.weight_count) == (1, False, 1)
    assert (layer.weights.law, layer.bias) == ("normal", None)


@given(seed=seeds())
def test_numpy_and_torch_take_every_seed(seed):
    np.random.default_rng(seed)
    torch.Generator().manual_seed(seed)
