"""The papers' figures, as PDF and PNG; their colours survive colour blindness and, with dashes, grey.

Theory is drawn as lines, samples as dots with two standard errors.  Palette: okabe2008.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from papers.files import write_whole
from papers.terminal import Progress

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

# Okabe and Ito's blue, vermilion, green and purple: of different lightness too, and each with its own dashes
COLOURS = {"blue": "#0072B2", "vermilion": "#D55E00", "green": "#009E73", "purple": "#CC79A7"}
STYLE: Any = {
    **{
        "pdf.fonttype": 42,
        "font.size": 9,
        "axes.titlesize": 9,
        "legend.fontsize": 8,
        "legend.frameon": False,
    },
    **{"axes.spines.top": False, "axes.spines.right": False, "lines.linewidth": 1.3, "figure.dpi": 200},
    **{"mathtext.fontset": "dejavuserif", "font.family": "serif", "savefig.dpi": 200},
}
MOST = 1000  # the largest width of the gain's figure
ORDER = 2  # after which its series is cut
SEPARATE = 12  # widths that lie far enough apart on a logarithmic axis to be seen as points
SMALL_ERROR = 0.1  # per cent: the axis of errors is linear up to there and logarithmic beyond
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


def write(folder: Path, progress: Progress = lambda done, total, what: None) -> list[Path]:
    """Write every figure into `folder`/figures as PDF and PNG; the paths.

    Raises NotHad where the folder cannot be written, DoesNotStand where a theorem does not stand.
    """
    paths = []
    for done, (name, draw) in enumerate(FIGURES.items()):
        progress(done, len(FIGURES), name)
        with _style():
            paths += save(draw(), folder / "figures" / name)
    return paths


def save(figure: Figure, stem: Path) -> list[Path]:
    """One figure as PDF and PNG, without the date, so that the same figure is the same file."""
    dateless: dict[str, dict[str, Any]] = {"pdf": {"CreationDate": None}, "png": {}}
    return [
        write_whole(
            stem.with_suffix(f".{kind}"),
            lambda file, kind=kind, about=about: figure.savefig(file, format=kind, metadata=about),  # type: ignore[misc]
        )
        for kind, about in dateless.items()
    ]


def _style() -> AbstractContextManager[Any]:
    import matplotlib

    return matplotlib.rc_context(STYLE)


def _figure(**size: Any) -> tuple[Figure, Any]:
    """A figure of its own, which no window and no global state knows (so the Agg canvas draws it)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size.pop("figsize"), layout="constrained")
    return figure, figure.subplots(**size)


# --- the rectifier gain ----------------------------------------------------------------------------


def rectifier_gain() -> Figure:
    """The exact gain, the printed fit and the series in 1/N, with the errors of the latter two below."""
    import numpy as np

    from numerics.evaluate import function

    widths = np.arange(1, MOST + 1)
    exact = function("random_walk.relu_gain")(N=widths)
    curves = {
        "printed fit (S-07)": (function("random_walk.relu_gain_fit")(N=widths), "vermilion", (0, (5, 1.5))),
        f"series to $1/N^{ORDER}$": (
            function("random_walk.relu_gain_series")(N=widths, order=ORDER), "blue", (0, (1, 1.2))
        ),
    }  # fmt: skip
    figure, (above, below) = _figure(figsize=(4.6, 4.2), nrows=2, sharex=True, gridspec_kw={"height_ratios": (3, 2)})
    dots = {"marker": ".", "markevery": slice(0, SEPARATE), "markersize": 4}
    above.plot(widths, exact, color="black", label="exact", **dots)
    for label, (values, colour, dashes) in curves.items():
        line = {"color": COLOURS[colour], "linestyle": dashes, **dots}
        above.plot(widths, values, label=label, **line)
        below.plot(widths, 100 * (values / exact - 1), **line)
    above.axhline(np.sqrt(2), color="0.6", linewidth=0.8, zorder=0)
    above.annotate(r"$\sqrt{2}$", (1, np.sqrt(2)), xytext=(0, 2), textcoords="offset points", color="0.4")
    above.set(xscale="log", ylabel="gain $g_*$", xlim=(0.95, MOST), ylim=(1.35, 1.05 * exact.max()))
    above.legend()
    above.xaxis.set_major_formatter("{x:g}")
    below.axhline(0, color="black", linewidth=0.8)
    below.set_yscale("symlog", linthresh=SMALL_ERROR, linscale=0.5)
    below.set(xlabel="width $N$", ylabel="relative error (%)", ylim=(-30, 30))
    below.set_yticks((-10, -1, -0.1, 0, 0.1, 1, 10))
    below.yaxis.set_major_formatter("{x:g}")
    below.minorticks_off()
    return figure


# --- variances layer by layer ----------------------------------------------------------------------


def layer_variances() -> Figure:
    """Forward and backward variance against the layer: theory, samples, and equation 6 as printed."""
    figure, (forward, backward) = _figure(figsize=(6.6, 3.6), ncols=2)
    for name, (colour, dashes, marker) in MARKS.items():
        variances = _variances(name)
        line: Any = {"color": COLOURS[colour], "linestyle": dashes}
        backward.plot([], [], **line, marker=marker, markersize=3.5, label=name)
        for axes, theory in zip((forward, backward), _theory(variances), strict=True):
            axes.plot(range(len(theory)), theory, **line)
        for axes, sample in zip((forward, backward), _sampled(name, variances), strict=True):
            _dots(axes, sample, COLOURS[colour], marker)
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


def _dots(axes: Axes, sample: NDArray[np.float64], colour: str, marker: str) -> None:
    mean, error = sample
    axes.errorbar(
        range(len(mean)), mean, yerr=2 * error, fmt=marker, color=colour, markersize=3.5, elinewidth=1,
        markeredgecolor="black", markeredgewidth=0.4,
    )  # fmt: skip


FIGURES = {"random_walk_gain": rectifier_gain, "layer_variances": layer_variances}
