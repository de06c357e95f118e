"""Forward and backward variances layer by layer, of the initialisations of Glorot and Bengio.

Reference: glorot2010, equations 5 and 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from numerics.evaluate import function
from numerics.evaluate.exact import rational
from numerics.experiments.layer_variances import NETWORKS, estimates
from papers.claims import ledger
from papers.figures.panel import dots, draw, legend, line, panel, settled
from papers.figures.picture import Data, Picture, measurement, sources
from papers.figures.style import FULL, panels
from papers.tables.glorot import KEPT_BY, n_in, n_out, weight_variances
from papers.tables.notes import theorem
from theory.proof.library import find

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LAYERS = (60, 120, 30, 90, 45, 75, 60)  # up and down, so that no initialisation keeps both variances
FORMULAS = "variance.activation", "variance.backpropagated"
WEIGHTS = "variance.standard_weight", "variance.normalized_weight"
LOOK = {"standard": "first", "normalized": "second", "forward-keeping": "third", "backward-keeping": "fourth"}
AS_PRINTED = ("standard", "normalized")  # the initialisations that the paper discusses


def _data() -> Data:
    lines: list[list[Data]] = [[], []]
    sampled: list[list[Data]] = [[], []]
    rests_on = [*map(theorem, (*FORMULAS, *WEIGHTS, *KEPT_BY.values()))]
    for name, look in LOOK.items():
        variances = _weight_variances(name)
        rests_on.append(measurement(estimates.kept(name, LAYERS, variances)))
        both = zip(_theory(variances), estimates(name, LAYERS, variances), strict=True)
        for at, (values, found) in enumerate(both):
            lines[at].append(line(name, look, range(len(values)), values))
            sampled[at].append(dots(name, look, range(len(found)), found))
    for name in AS_PRINTED:
        values = _printed(_weight_variances(name))
        lines[1].append(line(f"{name}, eq. 6 as printed", f"{LOOK[name]}, printed", range(len(values)), values))
    return {
        "widths": list(LAYERS),
        "panels": [panel(*parts) for parts in zip(("forward", "backward"), lines, sampled, strict=True)],
        "sources": sources(rests_on),
    }


def _weight_variances(name: str) -> tuple[float, ...]:
    """The weight variances of an initialisation at the figure's widths."""
    formula = weight_variances()[name]
    return tuple(float(formula.subs({n_in: a, n_out: b})) for a, b in pairwise(LAYERS))


def _theory(variances: Sequence[float]) -> tuple[list[float], list[float]]:
    """Var z^i, i = 0..d+1, and Var dC/ds^i, i = 0..d, for unit input and output-gradient variance."""
    given = {"widths": LAYERS, "weight_variances": tuple(variances)}
    forward, backward = map(function, FORMULAS)
    return (
        [forward(**given, input_variance=1, layer=layer) for layer in range(len(LAYERS))],
        [backward(**given, output_gradient_variance=1, layer=layer) for layer in range(len(variances))],
    )


def _printed(variances: Sequence[float]) -> list[float]:
    """Equation 6 as the paper prints it, in the same network."""
    backward = find("variance.backpropagated")
    formula, values = ledger.find("G-06").printed, []
    for layer in range(len(variances)):
        given = {"widths": LAYERS, "weight_variances": tuple(variances), "layer": layer}
        _, bound = backward.bind({**given, "output_gradient_variance": 1})
        exact = rational(formula, backward.environment(bound))
        assert exact is not None  # a product of rationals
        values.append(float(exact))
    return values


def _draw(data: Data) -> Figure:
    figure, axes = panels(figsize=(FULL, 3.5), ncols=2)
    labels = r"$\mathrm{Var}\,z^i$", r"$\mathrm{Var}\,\partial C/\partial s^i$"
    for one, each, label in zip(axes, data["panels"], labels, strict=True):
        draw(one, each, aside=0)
        one.set(xlabel="layer $i$ (units)", ylabel=label, yscale="log")
        layers = each["lines"][0]["x"]
        shift = len(data["widths"]) - len(layers)  # s^i has the units of z^(i+1)
        one.set_xticks(layers, [f"{layer}\n({data['widths'][layer + shift]})" for layer in layers])
    legend(figure, axes[::-1], columns=3)
    return settled(figure)


PICTURES = (
    Picture(
        "layer_variances",
        (
            "Forward and backward variances of a linear network with layers of several widths (in brackets), under four "
            f"initialisations: lines are theorems; dots are means over {NETWORKS} sampled networks with two standard "
            "errors; thin lines are equation 6 of Glorot and Bengio (2010) as printed."
        ),
        _data,
        _draw,
    ),
)
