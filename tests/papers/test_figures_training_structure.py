"""The figure of the structure of gradients: every network is in it, and ranks stand beside those of the theorems."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from handmade import fits_the_page, is_small_and_sourced, near, outcome, rows, shows_everything
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.training.experiments import gradient_structure
from numerics.training.experiments.gradient_structure import Line
from numerics.training.experiments.picture_gradients import KINDS, LINES, Batch
from papers.figures import training_structure
from papers.figures.picture import as_kept
from papers.figures.style import style

(PICTURE,) = training_structure.PICTURES
NETWORKS = 3
STRUCTURE = replace(gradient_structure.SIZES["s"], networks=NETWORKS, lags=4)

predicted = cache(gradient_structure.predictions)


def structure(numbers):
    noise = [
        Line(kind, 0, rows(numbers, *ends, NETWORKS, 4)) for kind, ends in (("brown", (0.6, 1)), ("white", (-0.1, 0)))
    ]
    lines = [Line(kind, depth, rows(numbers, 0, 1, NETWORKS, 4)) for kind in LINES for depth in STRUCTURE.depths]
    batches = tuple(
        Batch(f"{data} (made)", "dense", kind, depth, rows(numbers, 0, 1, NETWORKS), rows(numbers, 0.1, 1, NETWORKS))
        for data in ("mnist", "normal")
        for kind in KINDS
        for depth in STRUCTURE.picture_depths
    )
    observed = gradient_structure.Observations(STRUCTURE, (*noise, *lines), batches, ())
    return outcome("gradient_structure", STRUCTURE, predicted(STRUCTURE), observed)


def data_of(seed):
    """The data, and the outcome that they are made of."""
    made = structure(np.random.default_rng(seed))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_structure, "required", lambda name: made)
        return PICTURE.data(), made


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=3)
def test_curves_are_means_and_positions_and_ranks_are_those_of_every_network(seed):
    data, made = data_of(seed)
    observed = made.observed
    curves, positions, *ranks = data["panels"]
    means = {(line.kind, line.depth): np.mean(line.curves, axis=0) for line in observed.lines}
    assert [line["y"] for line in curves["lines"]] == [means[noise, 0].tolist() for noise in ("brown", "white")]
    shown = [
        ("feed-forward", 2),
        ("feed-forward", 12),
        ("normalised", 12),
        ("residual, beta 0.1", 16),
        ("residual, beta 1", 16),
    ]
    assert [found["y"] for found in curves["dots"]] == [means[kind].tolist() for kind in shown]
    assert [end.split()[-1] for end in curves["ends"][2:]] == [str(depth) for _, depth in shown]
    at = gradient_structure.positions(observed)
    kinds = [kind for kind in training_structure.SERIES if kind in LINES]
    for kind, networks in zip(kinds, positions["networks"], strict=True):
        assert near(networks, [at[kind, depth] for depth in STRUCTURE.depths])
    for part, name in zip(ranks, ("mnist (made)", "normal (made)"), strict=True):
        found = {(b.kind, b.depth): b.ranks for b in observed.batches if b.data == name}
        for kind, networks in zip(training_structure.SERIES, part["networks"], strict=True):
            assert near(networks, [found[kind, depth] for depth in STRUCTURE.picture_depths])


def test_ranks_stand_beside_those_of_vectors_of_the_theorems_correlations():
    data, made = data_of(0)
    observed = made.observed
    correlation = {(kind, depth): value for kind, depth, value in made.predicted.correlations}
    alone = np.mean([b.ranks for b in observed.batches if (b.kind, b.data) == ("looks linear", "mnist (made)")])
    kinds = [kind for kind in training_structure.SERIES if kind != "normalised"]
    for kind, line in zip(kinds, data["panels"][2]["lines"], strict=True):
        for depth, rank in zip(line["x"], line["y"], strict=True):
            rho = correlation[kind, depth]
            gram = np.full((STRUCTURE.batch, STRUCTURE.batch), rho) + (1 - rho) * np.eye(STRUCTURE.batch)
            # eigenvalues of a symmetric matrix err by its size times 2^-52 relative to the largest
            assert math.isclose(rank, alone * STRUCTURE.batch / np.linalg.eigvalsh(gram)[-1], rel_tol=1e-12)


def test_everything_is_drawn_within_the_page_from_small_data_with_sources():
    data = as_kept(data_of(1)[0])
    with style():
        figure = PICTURE.draw(data)
    assert shows_everything(data, figure)
    assert fits_the_page(figure)
    assert is_small_and_sourced(data)
