"""The networks of the papers, as chains of layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from numerics.ensembles.inputs import Inputs
from numerics.ensembles.layers import Activation, Affine, BatchNorm, Layer, Residual
from numerics.ensembles.network import Network
from numerics.ensembles.validation import positive_integer, sequence
from numerics.ensembles.weights import Weights

HE = Weights("normal", 2, "fan_in")  # he2015


def dense(
    widths: Sequence[int],
    weights: Weights | Iterable[Weights],
    activation: str = "linear",
    *,
    slope: float | None = None,
    bias: Weights | None = None,
    last_activation: bool = True,
    inputs: Inputs | None = None,
    output_gradient_variance: float = 1.0,
) -> Network:
    """A feed-forward network ``n_0 -> n_1 -> ...``: affine layers, each followed by the activation.

    ``widths``: two or more; under crelu an activation gives twice its width to the next layer. ``weights``: one law
    for all matrices, or one for each. ``last_activation``: whether the last affine layer is followed by one
    (hanin2018start) or is the output (glorot2010). ``inputs``: one fixed input of length 1 if not given.

    Raises ValueError for impossible widths or another number of laws than of matrices.
    """
    sizes = sequence("widths", widths)
    if len(sizes) < 2:
        raise ValueError(f"widths needs an input and an output width, got {sizes}; give two or more.")
    for size in sizes:
        positive_integer("every width", size)
    laws = (weights,) * (len(sizes) - 1) if isinstance(weights, Weights) else sequence("weights", weights)
    if len(laws) != len(sizes) - 1:
        raise ValueError(f"{len(sizes)} widths make {len(sizes) - 1} weight matrices, but {len(laws)} laws were given.")
    inputs = inputs or Inputs((sizes[0],))
    if inputs.shape != (sizes[0],):
        raise ValueError(f"the inputs have shape {inputs.shape}, but the first width is {sizes[0]}.")
    layers: list[Layer] = []
    for number, (width, law) in enumerate(zip(sizes[1:], laws, strict=True), start=1):
        layers.append(Affine(width, law, bias))
        if activation != "linear" and (last_activation or number < len(laws)):
            layers.append(Activation(activation, slope))
    return Network(inputs, tuple(layers), output_gradient_variance)


def residual(
    width: int,
    scales: Sequence[float],
    module: str = "relu",
    *,
    hidden: int | None = None,
    skip: float = 1.0,
    batch_norm: bool = False,
    weights: Weights = HE,
    inputs: Inputs | None = None,
) -> Network:
    """A residual network ``x_l = skip x_{l-1} + scales[l-1] module(x_{l-1})`` of one width.

    ``module``: "relu", one layer that ends in the rectifier; "linear", a hidden rectifier layer of ``hidden`` units
    (``width`` if not given) and then an affine one (hanin2018start); "preactivation", the rectifier and then an
    affine layer, ``batch_norm`` before the rectifier if asked for (balduzzi2017).

    Raises ValueError for an unknown module, and for ``hidden`` or ``batch_norm`` where the module has no place for
    it.
    """
    relu, out = Activation("relu"), Affine(width, weights)
    bodies: dict[str, tuple[Layer, ...]] = {
        "relu": (out, relu),
        "linear": (Affine(hidden or width, weights), relu, out),
        "preactivation": ((BatchNorm(),) if batch_norm else ()) + (relu, out),
    }
    if module not in bodies:
        raise ValueError(f"unknown residual module {module!r}; choose one of {', '.join(bodies)}.")
    if (hidden is not None and module != "linear") or (batch_norm and module != "preactivation"):
        raise ValueError(f"the module {module!r} has no hidden width (only linear) or batch_norm (only preactivation).")
    layers = tuple(Residual(bodies[module], skip, scale) for scale in sequence("scales", scales))
    return Network(inputs or Inputs((width,)), layers)


def highway(width: int, depth: int, gamma1: float, *, weights: Weights = HE, inputs: Inputs | None = None) -> Network:
    """The highway network of balduzzi2017: skip gamma1, scale gamma2, gamma1^2 + gamma2^2 = 1, ``depth`` modules.

    Raises ValueError for gamma1 outside [0, 1].
    """
    if not 0 <= gamma1 <= 1:
        raise ValueError(f"gamma1 must lie in [0, 1], not {gamma1!r}.")
    scales = (float(1 - gamma1**2) ** 0.5,) * positive_integer("depth", depth)
    return residual(width, scales, "preactivation", skip=gamma1, weights=weights, inputs=inputs)


def looks_linear(widths: Sequence[int], weights: Weights, *, inputs: Inputs | None = None) -> Network:
    """A crelu network with mirrored weights: linear at initialisation (balduzzi2017); the last layer is affine."""
    sizes = sequence("widths", widths)
    if len(sizes) < 2:
        raise ValueError(f"widths needs an input and an output width, got {sizes}; give two or more.")
    layers: list[Layer] = [Affine(sizes[1], weights)]
    for width in sizes[2:]:
        layers += [Activation("crelu"), Affine(width, weights, mirrored=True)]
    return Network(inputs or Inputs((sizes[0],)), tuple(layers))
