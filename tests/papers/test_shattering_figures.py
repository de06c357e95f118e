"""Figures of shattered gradients: lines are theorems, dots estimates, images correlations."""

import numpy as np
import pytest

from numerics.evaluate import function
from numerics.evidence.kept import keeping
from papers.figures import coactivation, shattering
from papers.figures.style import style

PICTURES = {picture.name: picture for picture in (*shattering.PICTURES, *coactivation.PICTURES)}
ROUNDING = 64 * 2.0**-53  # of some ten operations, and of a product of four factors
SMALL = {
    shattering: {
        "DEPTHS": (1, 2, 4),
        "WIDTHS": {4: (1, 2), 8: (1, 2, 4)},
        "WIDTH": 4,
        "BATCH": 4,
        "PAIRS": 50,
        "POINTS": 9,
        "IMAGE": 5,
        "NETWORKS": 20,
        "ROWS": (
            (("1 layer", "feedforward", (4, 1)), ("2 layers", "normalized", (4, 2))),
            (("brown noise", "brown", ()), ("looks linear", "looks_linear", (4, 2))),
        ),
    },
    coactivation: {
        "WIDTH": 4,
        "DEPTH": 3,
        "BATCH": 4,
        "NETWORKS": 20,
        "LAYERS": (1, 3),
        "BATCHES": (2, 4),
        "AT_LAYERS": {3: "first"},
    },
}


@pytest.fixture
def small(monkeypatch):
    """Figures of tiny networks, on a shelf of their own."""
    for module, sizes in SMALL.items():
        for name, value in sizes.items():
            monkeypatch.setattr(module, name, value)
    with keeping():
        yield


def test_an_image_is_sampled_above_the_diagonal_and_for_brown_noise_the_theorem_below_it(small):
    data = PICTURES["shattered_gradients"].data()
    with style():
        figure = PICTURES["shattered_gradients"].draw(data)
    images = [image.get_array() for axes in figure.axes for image in axes.get_images()]
    upper = np.triu_indices(data["points"])
    for image, process in zip(images, [each for row in data["rows"] for each in row], strict=True):
        assert image[upper].tolist() == process["correlations"]
        assert image.T[upper].tolist() == data["theory"].get(process["title"], process["correlations"])
    shares = np.arange(1, 6) / 5
    brown = np.minimum.outer(shares, shares) / np.sqrt(np.outer(shares, shares))
    assert np.allclose(data["theory"]["brown noise"], brown[upper], rtol=0, atol=0.5e-4 + ROUNDING)  # four decimals
    assert data["rows"][1][1]["correlations"] == [1.0] * len(upper[0])  # looks linear: one slope


def _lines(name):
    return {(at, line["label"]): line for at, panel in enumerate(_panels(name)) for line in panel["lines"]}


def _panels(name):
    return PICTURES[name].data()["panels"]


def test_lines_of_the_gradient_correlation_are_the_theorems(small):
    found, depths = _lines("gradient_correlation"), np.arange(1, 5)
    expected = {
        (0, "$2^{-L}$, typical data"): 0.5**depths,
        (0, r"$N\to\infty$"): function("shattering.relu_gradient_correlation")(depth=depths, correlation=0),
        (1, "not normalised: $(3/4)^L$"): 0.75**depths,
        (1, r"normalised, $\beta=1$"): function("shattering.normalized_resnet_correlation")(depth=depths, beta=1),
        (1, r"normalised, $\beta=0.1$"): function("shattering.normalized_resnet_correlation")(depth=depths, beta=0.1),
    }
    assert set(found) == set(expected)
    for label, values in expected.items():
        assert found[label]["x"] == depths.tolist()
        assert np.allclose(found[label]["y"], values, rtol=ROUNDING, atol=0)


def test_a_line_ends_one_depth_below_the_axis(small, monkeypatch):
    monkeypatch.setattr(shattering, "FAINTEST", 0.2)
    assert _lines("gradient_correlation")[0, "$2^{-L}$, typical data"]["y"] == [0.5, 0.25, 0.125]


def test_lines_of_the_coactivation_are_the_theorems(small):
    found = _lines("coactivation")
    first = np.arccos(1 / np.pi)  # the angle between activations of layer 1; orthogonal inputs have pi/2
    assert np.allclose(found[0, "active for one input"]["y"], 0.5, rtol=ROUNDING)
    climbing = found[0, "for both, not normalised"]["y"]
    assert len(climbing) == 3
    assert np.allclose(climbing[:2], [0.25, (1 - first / np.pi) / 2], rtol=ROUNDING)
    batch = [0.25 - np.arcsin(1 / (m - 1)) / (2 * np.pi) for m in (2, 3, 4)]
    assert np.allclose(found[0, "for both, normalised"]["y"], batch[-1], rtol=ROUNDING)
    assert found[1, "theorem"]["x"] == [2, 3, 4]
    assert np.allclose(found[1, "theorem"]["y"], batch, rtol=ROUNDING, atol=ROUNDING)


def test_dots_are_the_estimates_that_the_sources_name(small):
    panel, data = _panels("coactivation")[0], PICTURES["coactivation"].data()
    dots = {each["label"]: each for each in panel["dots"]}
    with_it, without = (coactivation.shares(4, 3, 4, normalized, 20) for normalized in (True, False))
    assert dots["for both, normalised"]["y"] == [with_it[layer - 1].coactive.value for layer in (1, 3)]
    assert dots["for both, not normalised"]["error"] == [without[layer - 1].coactive.error for layer in (1, 3)]
    assert {coactivation.shares.kept(4, 3, 4, normalized, 20).name for normalized in (True, False)} <= set(
        data["sources"]
    )
