"""Figures: they draw the theorems' own values, their dots are samples, and their files are for print."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from numerics.evaluate import function
from papers import figures
from papers.figures import random_walk, variance
from papers.figures.style import style


@pytest.fixture(scope="module")
def drawn():
    with style():
        return {name: draw() for name, draw in figures.FIGURES.items()}


def test_importing_the_figures_loads_no_plotting_library():
    script = "import sys, papers.figures; print(sorted({'matplotlib', 'numpy', 'torch', 'sympy'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_gain_is_drawn_at_every_width_with_the_fit_and_its_error(drawn):
    above, below = drawn["random_walk_gain"].axes
    lines = {line.get_label(): line for line in above.get_lines()}
    widths = np.arange(1, random_walk.MOST + 1)
    exact, fit = (function(f"random_walk.relu_gain{form}")(N=widths) for form in ("", "_fit"))
    assert np.array_equal(lines["exact"].get_ydata(), exact)
    assert np.array_equal(lines["printed fit (S-07)"].get_ydata(), fit)
    assert np.array_equal(below.get_lines()[0].get_ydata(), 100 * (fit / exact - 1))


@pytest.mark.parametrize("name", list(figures.FIGURES))
def test_lines_differ_in_more_than_colour(drawn, name):
    for axes in drawn[name].axes:
        styles = {}
        for line in axes.get_lines():
            if line.get_label().startswith("_"):
                continue
            styles.setdefault((str(line._dash_pattern), line.get_marker()), set()).add(line.get_color())
        assert all(len(colours) == 1 for colours in styles.values())


def test_theory_follows_the_recursions_and_samples_are_nearer_to_it_than_to_print():
    for name in variance.AS_PRINTED:
        variances = variance._variances(name)
        forward, backward = variance._theory(variances)
        factors = [width * variance for width, variance in zip(variance.LAYERS, variances, strict=False)]
        # a product of six factors in float64 is exact to a few units of 2^-53
        assert np.allclose(forward, np.cumprod([1, *factors]), rtol=32 * 2.0**-53, atol=0)
        printed = np.array(variance._printed(variances))
        (seen_forward, seen_backward) = variance._sampled(name, variances)
        assert seen_forward.shape == (2, len(forward))
        gap = np.abs(printed / backward - 1)
        differing = gap > 4 * seen_backward[1] / backward  # beyond the noise of the dots, so that they can decide
        assert differing.sum() >= 3
        nearer = np.abs(seen_backward[0] - backward) < np.abs(seen_backward[0] - printed)
        assert nearer[differing].all()


def test_files_are_pdf_with_embedded_truetype_and_png_and_always_the_same(drawn, tmp_path):
    for name, figure in drawn.items():
        with style():
            pdf, png = figures.save(figure, tmp_path / name)
            first = pdf.read_bytes(), png.read_bytes()
            figures.save(figure, tmp_path / name)
        assert first == (pdf.read_bytes(), png.read_bytes())
        assert first[0].startswith(b"%PDF")
        assert first[1].startswith(b"\x89PNG")
        assert b"/Type3" not in first[0]
        assert b"/FontFile2" in first[0]
    assert len(list(tmp_path.iterdir())) == 2 * len(drawn)
