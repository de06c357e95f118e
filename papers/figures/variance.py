"""Forward and backward variances layer by layer, of the initialisations of Glorot and Bengio.

Reference: glorot2010, equations 5 and 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from papers.figures.style import COLOURS, dots, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

LAYERS = (60, 120, 30, 90, 45, 75, 60)  # up and down, so that no initialisation keeps both variances
NETWORKS = 300  # sampled for each initialisation: standard errors of some per cent, in about a second
MARKS = {  # initialisation: colour, dashes, marker
    "standard": ("blue", "-", "o"),
    "normalized": ("vermilion", "-", "s"),
    "forward-keeping": ("green", (0, (4, 1)), "^"),
    "backward-keeping": ("purple", (0, (1, 1)), "v"),
}
PRINTED: Any = {"linestyle": (0, (2, 2)), "linewidth": 0.9}
AS_PRINTED = ("standard", "normalized")  # the initialisations that the paper discusses


def layer_variances() -> Figure:
    """Forward and backward variance against the layer: theory, samples, and equation 6 as printed."""
    figure, (forward, backward) = panels(figsize=(6.6, 3.6), ncols=2)
    for name, (colour, dashes, marker) in MARKS.items():
        variances = _variances(name)
        line: Any = {"color": COLOURS[colour], "linestyle": dashes}
        backward.plot([], [], **line, marker=marker, markersize=3.5, label=name)
        for axes, theory in zip((forward, backward), _theory(variances), strict=True):
            axes.plot(range(len(theory)), theory, **line)
        for axes, sample in zip((forward, backward), _sampled(name, variances), strict=True):
            dots(axes, range(sample.shape[1]), sample, COLOURS[colour], marker)
        if name in AS_PRINTED:
            printed = _printed(variances)
            backward.plot(range(len(printed)), printed, color=COLOURS[colour], **PRINTED)
    widths = ", ".join(map(str, LAYERS))
    forward.set(title="forward", xlabel="layer $i$", ylabel=r"$\mathrm{Var}\,z^i$", yscale="log")
    backward.set(
        title="backward", xlabel="layer $i$", yscale="log",
        ylabel=r"$\mathrm{Var}\,\partial C/\partial s^i$",
    )  # fmt: skip
    backward.plot([], [], color="0.3", label="eq. 6 as printed", **PRINTED)
    handles, labels = backward.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    title = f"widths {widths}; dots: {NETWORKS} sampled linear networks, two standard errors"
    figure.suptitle(title, fontsize=8)
    return figure


def _variances(name: str) -> tuple[float, ...]:
    """The weight variances of an initialisation at the figure's widths."""
    from papers.tables.glorot import n_in, n_out, weight_variances

    formula = weight_variances()[name]
    return tuple(float(formula.subs({n_in: a, n_out: b})) for a, b in pairwise(LAYERS))


def _theory(variances: Sequence[float]) -> tuple[list[float], list[float]]:
    """Var z^i, i = 0..d+1, and Var dC/ds^i, i = 0..d, for unit input and output-gradient variance."""
    from numerics.evaluate import function

    given = {"widths": LAYERS, "weight_variances": tuple(variances)}
    forward, backward = function("variance.activation"), function("variance.backpropagated")
    return (
        [forward(**given, input_variance=1, layer=layer) for layer in range(len(LAYERS))],
        [backward(**given, output_gradient_variance=1, layer=layer) for layer in range(len(variances))],
    )


def _printed(variances: Sequence[float]) -> list[float]:
    """Equation 6 as the paper prints it, in the same network."""
    from numerics.evaluate.exact import rational
    from papers.claims import ledger
    from theory.proof.library import find

    theorem = find("variance.backpropagated")
    formula, values = ledger.find("G-06").printed, []
    for layer in range(len(variances)):
        given = {"widths": LAYERS, "weight_variances": tuple(variances), "layer": layer}
        _, bound = theorem.bind({**given, "output_gradient_variance": 1})
        exact = rational(formula, theorem.environment(bound))
        assert exact is not None  # a product of rationals
        values.append(float(exact))
    return values


def _sampled(name: str, variances: tuple[float, ...]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Mean squares of activations and of gradients with their standard errors, each of shape (2, layers)."""
    import numpy as np

    from numerics.ensembles import Inputs, Weights, dense
    from numerics.sampling.direct import block_size, draw
    from numerics.sampling.passes import squared_norm

    inputs = Inputs((LAYERS[0],), squared_length=LAYERS[0], random=True)
    network = dense(LAYERS, [Weights("normal", variance) for variance in variances], inputs=inputs)
    forward: list[Any] = []
    backward: list[Any] = []
    for block in range(-(-NETWORKS // block_size(network))):
        seen = draw(network, block, experiment=f"figure of layer variances, {name}", device="cpu")
        forward.append([(squared_norm(z)[:, 0] / z.shape[2]).numpy() for z in seen.activations])
        backward.append([(squared_norm(g)[:, 0] / g.shape[2]).numpy() for g in seen.gradients])
    both = (np.concatenate(parts, axis=1)[:, :NETWORKS] for parts in (forward, backward))
    one, other = (np.stack([rows.mean(1), rows.std(1, ddof=1) / np.sqrt(NETWORKS)]) for rows in both)
    return one, other
