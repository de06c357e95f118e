"""A pass is the network that its layers describe, forwards and backwards, and stays within float32 or says so."""

import math

import pytest
import torch
from hypothesis import assume, given
from torch import nn
from torch.nn import functional

from numerics.ensembles import (
    ACTIVATIONS,
    Activation,
    Affine,
    BatchNorm,
    Convolution,
    Gates,
    Inputs,
    Network,
    Residual,
    Weights,
    dense,
    looks_linear,
)  # fmt: skip
from numerics.ensembles.layers import EPSILON
from numerics.ensembles.strategies import networks, seeds
from numerics.sampling import activations, conditioned, direct, laws, passes, streams

CPU = torch.device("cpu")
CONTINUOUS = ("normal", "uniform", "truncated", "orthogonal")  # no ties: a mask does not hang on the last bit
MODULES = {
    "linear": nn.Identity, "relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "prelu": nn.LeakyReLU, "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid, "softsign": nn.Softsign, "gelu": nn.GELU, "silu": nn.SiLU, "elu": nn.ELU, "selu": nn.SELU,
    "softplus": nn.Softplus, "mish": nn.Mish, "hardtanh": nn.Hardtanh,
}  # fmt: skip
BATCH = 3


def reference(layer, x, matrices, biases):
    """One network as people write it: ``x`` is (k, ...), ``matrices`` and ``biases`` are taken in order."""
    if isinstance(layer, Residual):
        inside = x
        for part in layer.body:
            inside = reference(part, inside, matrices, biases)
        return layer.skip * x + layer.scale * inside
    if isinstance(layer, BatchNorm):
        return functional.batch_norm(x, None, None, training=True, eps=EPSILON) if x.dim() == 2 else per_place(x)
    if isinstance(layer, Activation):
        if layer.name == "crelu":
            return torch.cat([x.clamp(min=0), (-x).clamp(min=0)], dim=1)
        own = {"abs": torch.abs, "erf": torch.erf}
        slope = () if layer.slope is None else (layer.slope,)
        return own[layer.name](x) if layer.name in own else MODULES[layer.name](*slope)(x)
    matrix, bias = next(matrices), next(biases)
    if isinstance(layer, Affine):
        full = torch.cat([matrix, -matrix]) if layer.mirrored else matrix
        return functional.linear(x.flatten(1), full.T, bias)
    kernel = matrix.T.reshape(layer.channels, x.shape[1], *(2 * [1 if layer.weights.law == "orthogonal" else layer.kernel]))
    reach = kernel.shape[-1] // 2
    padded = functional.pad(x, (reach,) * 4, mode="circular") if layer.padding == "circular" and reach else x
    return functional.conv2d(padded, kernel, bias, padding=0 if padded is not x else reach)


def per_place(x):
    """Each pixel of each channel is a unit."""
    flat = functional.batch_norm(x.flatten(1), None, None, training=True, eps=EPSILON)
    return flat.reshape(x.shape)


def in_float64(network, seed):
    """The pass in float64, with the matrices and biases that it used, in drawing order."""
    matrices, biases, normal = [], [], laws.normal

    def stream(*key):
        return streams.generator(CPU, f"float64 {seed}", 0, *key)

    def product(layer, number, values):
        below = tuple(values.shape[2:])
        shape, deviation = (BATCH, *layer.matrix(below)), math.sqrt(layer.entry_variance(below))
        matrices.append(laws.draw(layer.weights, shape, deviation, stream("weights", number)).double())
        drawn = layer.bias and passes._bias(stream, layer.bias, number, torch.empty(BATCH, 1, layer.after(below)[0]))
        biases.append(torch.zeros(BATCH, layer.after(below)[0]).double() if drawn is None else drawn[:, 0].double())
        return direct.multiplied(layer, direct.complete(layer, matrices[-1]), values)

    with pytest.MonkeyPatch.context() as patch:
        drawn = passes._inputs
        patch.setattr(passes, "_inputs", lambda *given: drawn(*given).double())
        patch.setattr(laws, "normal", lambda *given: normal(*given).double())
        return *passes.run(network, BATCH, product, stream), matrices, biases


@given(network=networks(laws=CONTINUOUS), seed=seeds())
def test_values_and_slopes_are_those_of_torch_modules(network, seed):
    """The two differ in the order of sums: 2^12 roundings of float64, which a normalisation may amplify by
    1/sqrt(EPSILON) < 320 on the way forward and again on the way back."""
    norms = sum(isinstance(layer, BatchNorm) for top in network.layers for layer in (top, *getattr(top, "body", ())))
    assume(norms == 0 or abs(network.inputs.correlation) < 1)  # of equal inputs, normalisation shows the rounding
    values, slopes, matrices, biases = in_float64(network, seed)
    for b in range(BATCH):
        taken, shifts = iter([m[b] for m in matrices]), iter([bias[b] for bias in biases])
        outcomes = [values[0][b].clone().requires_grad_()]
        for layer in network.layers:
            outcomes.append(reference(layer, outcomes[-1], taken, shifts))
        expected = torch.autograd.grad(outcomes[-1], outcomes, slopes[-1][b])
        for one, other in [*zip(outcomes, values, strict=True), *zip(expected, slopes, strict=True)]:
            bound = 2.0**-40 * 320 ** (2 * norms) * (1 + one.abs().max())
            assert (one - other[b]).abs().max() <= bound


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_and_their_derivatives_in_float32_are_those_in_float64(name):
    """Up to 16 roundings of the value, or of 1 where a derivative is a difference of terms below 1."""
    activation = Activation(name, 0.25 if name in ("leaky_relu", "prelu") else None)
    s = torch.linspace(-6, 6, 2**12, dtype=torch.float32).reshape(1, 1, -1)
    found = []
    for x in (s.requires_grad_(), s.detach().double().requires_grad_()):
        value = activations.apply(activation, x)
        found.append((value, *torch.autograd.grad(value.sum(), x)))
    for one, other in zip(*found, strict=True):
        assert ((one - other).abs() <= 16 * 2.0**-24 * other.abs().clamp(min=1)).all()


@pytest.mark.parametrize("sampler", [direct, conditioned])
def test_mirrored_crelu_networks_are_linear(sampler):
    """f(-x) = -f(x) and f(x) + f(y) = f(x + y) hold to rounding: x, y and x + y are three inputs of a simplex, negated."""
    network = looks_linear((5, 4, 6, 3), Weights("normal", 1, "fan_in"), inputs=Inputs((5,), 3, -0.5))
    seen = sampler.draw(network, 0, experiment="linear", device="cpu")
    out = seen.values[-1].double()
    scale = out.abs().sum(dim=1).amax(dim=1)
    # Conditioned drops what is left of a dependent input, at most 2^-16 of it; both round some hundred times.
    assert (out.sum(dim=1).abs().amax(dim=1) <= 2.0**-12 * (1 + scale)).all()


@pytest.mark.parametrize("sampler", [direct, conditioned])
@pytest.mark.parametrize(
    "network",
    [
        dense((2, 2) * 60, Weights("normal", 0.01)),
        dense((2, 2) * 60, Weights("normal", 1e3)),
        dense((2, 2), Weights("normal", 1e-300), "relu"),
        dense((20,) * 60, Weights("normal", 1e-4), "relu"),
        dense((3, 3, 3), [Weights("normal", 1e6), Weights()], "tanh"),
    ],
)
def test_leaving_the_range_of_float32_is_an_error_and_not_a_dead_layer(network, sampler):
    with pytest.raises(OverflowError, match="float32"):
        sampler.draw(network, 0, experiment="range", device="cpu")


@pytest.mark.parametrize("sampler", [direct, conditioned])
def test_a_variance_of_zero_gives_zeros(sampler):
    seen = sampler.draw(dense((2, 2, 2), [Weights("normal", 0.0), Weights()]), 0, experiment="zero", device="cpu")
    assert not seen.pre_activations[0].any()
    assert seen.gradients[0].all()


SIGN = Weights("orthogonal", 1, "fan_in")  # of one row and one column


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (Residual((Affine(1, SIGN),)), (1,)),
        (Residual((Convolution(1, 3, SIGN),), 0.5, 0.5), (1, 4, 4)),
        (Residual((Affine(1, SIGN), Activation("leaky_relu", 0.5)), 0.5), (1,)),
        (Residual((Activation("abs"),), scale=-1), (1,)),
        (Residual((Residual((Activation("linear"),)),), 2, -1), (2,)),
        (Residual((Gates(),), scale=-1), (4,)),
    ],
)
def test_a_module_that_its_skip_cancels_gives_exact_zeros_and_no_error(module, shape):
    """The inputs are positive: without a sign all networks are cancelled, with one about half of a block."""
    gates = (Gates(),) if Gates() in module.body else ()  # the module takes from a value all that they leave of it
    network = Network(Inputs(shape, 2 if gates else 1), (*gates, module))
    seen = direct.draw(network, 0, experiment="cancel", device="cpu")
    dead = (seen.values[-1] == 0).flatten(1).all(dim=1)
    signed = any(True for _ in network.matrices())
    assert dead.any()
    assert dead.all() != signed
    assert not seen.slopes[0][dead].any()
    assert seen.slopes[0][~dead].flatten(1).any(dim=1).all()


def test_a_slope_that_rounds_to_zero_beside_a_skip_is_still_an_error():
    saturated = Network(Inputs((3,), squared_length=1e8), (Residual((Activation("tanh"),)), Activation("tanh")))
    with pytest.raises(OverflowError, match="float32"):
        direct.draw(saturated, 0, experiment="saturated", device="cpu")


@given(network=networks(), seed=seeds())
def test_norms_and_inner_products_are_float64_and_agree(network, seed):
    seen = direct.draw(network, 0, experiment=f"gram {seed}", device="cpu")
    for values in (*seen.values, *seen.slopes):
        products = passes.gram(values)
        assert products.dtype == torch.float64
        norms = passes.squared_norm(values)
        # float64 sums of at most 2^8 products, in another order
        assert torch.allclose(products.diagonal(dim1=1, dim2=2), norms, rtol=2.0**-44, atol=0)
        assert torch.equal(products, products.mT)


def test_the_layers_of_a_feed_forward_network_are_named_as_in_the_paper():
    seen = direct.draw(dense((3, 4, 5, 2), Weights(), "tanh"), 0, experiment="names", device="cpu")
    assert [z.shape[2] for z in seen.activations] == [3, 4, 5, 2]
    assert [s.shape[2] for s in seen.pre_activations] == [4, 5, 2]
    for s, z in zip(seen.pre_activations, seen.activations[1:], strict=True):
        assert torch.equal(s.tanh(), z)
    for z, w, s in zip(seen.activations, seen.weights, seen.pre_activations, strict=False):
        assert torch.allclose(z.double() @ w.double(), s.double(), rtol=0, atol=5 * 2.0**-22 * 50)  # 5 terms below 50


def test_a_network_without_weights_passes_its_inputs_on():
    network = Network(Inputs((3,), squared_length=2.0), (Activation("relu"),))
    seen = direct.draw(network, 0, experiment="bare", device="cpu")
    assert torch.equal(seen.values[1], seen.values[0])  # the fixed input is positive
    assert torch.equal(seen.slopes[0], seen.slopes[1])
