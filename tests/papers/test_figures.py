"""Figures: they draw their data and nothing else, theory and samples are what they say, and files are for print."""

from __future__ import annotations

import copy
import dataclasses
import io
import itertools
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

from numerics.evaluate import function
from numerics.evidence.kept import keeping
from numerics.experiments import coins, layer_variances, linear_regime, normalized, shattering
from numerics.experiments import lengths as length_samples
from numerics.sampling import blocks
from papers import figures
from papers.committed import EVIDENCE, TRAINING
from papers.figures import coactivation, lengths, random_walk, variance, walks
from papers.figures import shattering as shattered
from papers.figures.picture import DIGITS, Picture, as_json, as_kept, digest
from papers.figures.style import FULL, LOOKS, style

SMALL = {  # small networks, and samples just large enough for an error bar
    **{(module, "NETWORKS"): 12 for module in (coins, layer_variances, length_samples, linear_regime, shattering)},
    **{(normalized, "NETWORKS"): 4, (length_samples, "TILTED"): 50, (lengths, "WIDTH"): 12, (walks, "NETWORKS"): 2},
    **{(module, "WIDTHS"): (4, 8, 16) for module in (linear_regime, normalized, shattering)},
    **{(module, "DEPTHS"): (2, 4) for module in (coins, linear_regime, normalized, shattering)},
    (blocks, "BLOCK_NETWORKS"): 16,  # what is drawn at once, however few are asked for
    **{(normalized, "BATCHES"): (4, 6, 8), (normalized, "WIDTH"): 8, (normalized, "BATCH"): 6},
    **{(shattered, "DEPTHS"): (1, 2, 4), (shattered, "WIDTHS"): {4: (1, 2), 8: (1, 2, 4)}, (shattered, "BATCH"): 4},
    **{(shattered, name): 12 for name in ("WIDTH", "PAIRS", "BATCHES", "NETWORKS")},
    **{(coactivation, "WIDTH"): 8, (coactivation, "BATCH"): 4, (coactivation, "NETWORKS"): 12},
    **{(coactivation, "BATCHES"): (2, 4), (coactivation, "LAYERS"): (1, 64)},
    (shattered, "ROWS"): tuple(
        tuple((title, name, shape and (8, *shape[1:])) for title, name, shape in row) for row in shattered.ROWS
    ),
    (lengths, "PATTERNS"): {
        name: (look, pattern, depths[:2], every[:15])
        for name, (look, pattern, depths, every) in lengths.PATTERNS.items()
    },
}
NAMES = list(figures.FIGURES)


def small_data():
    """The data of all figures as kept: what is sampled is drawn anew, what was trained is as committed."""
    with pytest.MonkeyPatch.context() as patch, keeping(known=(EVIDENCE / TRAINING,)):
        for (module, name), size in SMALL.items():
            patch.setattr(module, name, size)
        return {name: as_kept(picture.data()) for name, picture in figures.FIGURES.items()}


@pytest.fixture(scope="module")
def data():
    return small_data()


@pytest.fixture(scope="module")
def drawn(data):
    with style():
        return {name: figures.FIGURES[name].draw(data[name]) for name in NAMES}


# --- data and drawing ------------------------------------------------------------------------------


def test_importing_the_figures_loads_no_plotting_library():
    script = "import sys, papers.figures; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_same_code_gives_the_same_data(data):
    again = small_data()
    for name in NAMES:
        assert data[name] == again[name]


@pytest.mark.parametrize("name", NAMES)
def test_data_are_json_and_name_the_theorems_and_measurements_they_rest_on(data, name):
    text = as_json(data[name])
    kinds = {source["kind"] for source in data[name]["sources"].values()}
    sampled = any(kind in text for kind in ("dots", "walks", "slopes"))
    assert kinds - {"computation"} == {"theorem", "measurement"} if sampled else kinds == {"theorem"}
    assert all(len(source["hash"]) == 64 for source in data[name]["sources"].values())
    assert as_json(json.loads(text)) == text


def changed(values):
    """The data with one series at other heights."""
    found = copy.deepcopy(values)
    waiting = [found]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            for key in ("y", "exact", "mean", "slopes"):
                if len(part.get(key, [])) > 1:
                    part[key] = [2 * value + 5 for value in part[key]]
                    return found
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    raise AssertionError("no series found")


def pixels(figure):
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=50)
    return file.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_other_data_give_another_digest_and_another_drawing_and_drawing_measures_nothing(data, drawn, name):
    other = changed(data[name])
    assert digest(other) != digest(data[name])
    with style(), keeping(draw=False):
        assert pixels(figures.FIGURES[name].draw(other)) != pixels(drawn[name])


def test_panels_show_every_line_and_every_dot_where_the_data_have_them(data, drawn):
    shown = 0
    for name in NAMES:
        parts = data[name].get("panels", [])
        for axes, part in zip(drawn[name].axes, parts, strict=False):
            lines = [line.get_xydata() for line in axes.get_lines()]
            for each in (*part.get("lines", ()), *part.get("dots", ())):
                assert any(np.array_equal(line.T, [each["x"], each["y"]]) for line in lines)
                shown += 1
            for each, bars in zip(part.get("dots", ()), axes.containers, strict=True):
                reach = [np.ptp(segment[:, 1]) / 4 for segment in bars.lines[2][0].get_segments()]
                size = np.abs(each["y"]) + np.abs(each["error"])
                # ends y +- 2e and their difference each round once, relative to |y| + 2e
                assert (np.abs(reach - np.array(each["error"])) <= 4 * 2.0**-52 * size).all()
    assert shown > 60


# --- print -----------------------------------------------------------------------------------------


def luminance(colour):
    """The share of light that a colour reflects (sRGB, IEC 61966-2-1)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot((0.2126, 0.7152, 0.0722), linear))


def look(handle):
    """Dashes and marker of a legend's entry, and its colour."""
    if hasattr(handle, "get_facecolor"):
        return ("band",), handle.get_facecolor()[0][:3]
    line = handle[0] if isinstance(handle, tuple) else handle
    dashes = "dots" if isinstance(handle, tuple) else str(line._dash_pattern)
    return (dashes, line.get_linewidth(), line.get_marker()), line.get_color()


@pytest.mark.parametrize("name", NAMES)
def test_series_are_told_apart_in_grey_by_dashes_or_marker_or_twice_the_light(drawn, name):
    for axes in drawn[name].axes:
        handles, labels = axes.get_legend_handles_labels()
        for (one, first), (other, second) in itertools.combinations(zip(handles, labels, strict=True), 2):
            (style_1, colour_1), (style_2, colour_2) = look(one), look(other)
            dark, light = sorted((luminance(colour_1), luminance(colour_2)))
            assert first == second or style_1 != style_2 or light > 2 * dark, (first, second)


def test_no_two_looks_of_one_kind_differ_in_colour_alone():
    series = [look for name, look in LOOKS.items() if look.marker and "printed" not in name]
    assert len({str(look.dashes) for look in series}) == len({look.marker for look in series}) == len(series) > 1


@pytest.mark.parametrize("name", NAMES)
def test_nothing_hangs_over_the_edge(drawn, name):
    figure = drawn[name]
    with style():
        figure.draw_without_rendering()
        around = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert width <= FULL
    assert around.x0 >= 0
    assert around.y0 >= 0
    assert around.x1 <= width
    assert around.y1 <= height


@pytest.fixture(scope="module")
def saved(data, drawn, tmp_path_factory):
    """Each figure's files, written as it is drawn anew and as it was drawn before."""
    folders = [tmp_path_factory.mktemp("figures") for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        for name, picture in figures.FIGURES.items():
            patch.setitem(figures.FIGURES, name, dataclasses.replace(picture, data=lambda name=name: data[name]))
        anew = figures.write(folders[0])
        for name, picture in figures.FIGURES.items():
            before = dataclasses.replace(picture, draw=lambda data, name=name: drawn[name])
            patch.setitem(figures.FIGURES, name, before)
        return [anew, figures.write(folders[1])]


def test_files_are_always_the_same(saved):
    for first, second in zip(*saved, strict=True):
        assert first.name == second.name
        assert first.read_bytes() == second.read_bytes()
    assert len(saved[0]) == 3 * len(NAMES)


def test_files_carry_the_digest_of_the_data_they_were_drawn_from(saved, data):
    for path in saved[0]:
        expected = digest(data[path.stem])
        if path.suffix == ".pdf":
            assert f"/Keywords ({expected})".encode() in path.read_bytes()
        elif path.suffix == ".png":
            with Image.open(path) as image:
                assert image.text["Data"] == expected
        else:
            assert digest(json.loads(path.read_text(encoding="utf-8"))) == expected


def test_what_is_drawn_is_what_is_kept_beside_it(tmp_path):
    seen = []

    def draw(data):
        seen.append(data)
        return Figure()

    picture = Picture("thirds", "", lambda: {"third": 1 / 3, "places": (1, 2)}, draw)
    *_, beside = figures.save(picture, tmp_path)
    assert seen == [json.loads(beside.read_text(encoding="utf-8"))] == [{"third": 0.3333333333, "places": [1, 2]}]


def test_letters_in_pdf_are_embedded_truetype(saved):
    for path in saved[0]:
        if path.suffix == ".pdf":
            content = path.read_bytes()
            assert b"/Type3" not in content
            assert b"/FontFile2" in content
            if shutil.which("pdffonts"):
                listing = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True).stdout
                fonts = listing.splitlines()[2:]
                assert fonts
                assert all("CID TrueType" in font and font.split()[-5] == "yes" for font in fonts), listing


# --- what is drawn ---------------------------------------------------------------------------------


def test_the_gain_is_drawn_at_every_width_with_the_fit_and_its_error(drawn):
    above, below = drawn["random_walk_gain"].axes
    lines = {line.get_label(): line for line in above.get_lines()}
    widths = np.arange(1, random_walk.MOST + 1)
    exact, fit = (function(f"random_walk.relu_gain{form}")(N=widths) for form in ("", "_fit"))
    rounding = 0.5 * 10.0 ** (1 - DIGITS)  # of the data, relative
    assert np.allclose(lines["exact"].get_ydata(), exact, rtol=rounding, atol=0)
    assert np.allclose(lines["printed fit (S-07)"].get_ydata(), fit, rtol=rounding, atol=0)
    # a per cent of the quotient of two rounded numbers of nearly one size
    assert np.allclose(below.get_lines()[0].get_ydata(), 100 * (fit / exact - 1), rtol=0, atol=300 * rounding)


def test_theory_follows_the_recursions_and_samples_are_nearer_to_it_than_to_print():
    for name in variance.AS_PRINTED:
        variances = variance._weight_variances(name)
        forward, backward = variance._theory(variances)
        factors = [width * variance for width, variance in zip(variance.LAYERS, variances, strict=False)]
        # a product of six factors in float64 is exact to a few units of 2^-53
        assert np.allclose(forward, np.cumprod([1, *factors]), rtol=32 * 2.0**-53, atol=0)
        printed = np.array(variance._printed(variances))
        both = layer_variances.estimates(name, variance.LAYERS, variances)
        seen_forward, seen_backward = ([(found.value, found.error) for found in layers] for layers in both)
        assert np.shape(seen_forward) == (len(forward), 2)
        value, error = np.transpose(seen_backward)
        differing = np.abs(printed - backward) > 8 * error  # so that dots within four errors of one are nearer to it
        assert differing.sum() >= 3
        assert (np.abs(value - backward) < np.abs(value - printed))[differing].all()


def test_bands_of_walks_spread_about_the_drift_that_the_gain_leaves(data):
    for part in data["log_norm_walks"]["panels"]:
        unbiased = walks.UNBIASED in part["title"]
        for band in part["bands"]:
            mean, low, high = (np.array(band[of]) for of in ("mean", "low", "high"))
            # -0.01 a layer is less than the least drift drawn, 1/64; an unbiased mean is 200 roundings of ln 2 at most
            assert (np.abs(mean) < 200 * 2.0**-52).all() if unbiased else mean[-1] < -0.01 * walks.DEPTH
            # the spread is as the square root of the number of layers; each number of the data is rounded once
            scaled = (high - low)[1:] / np.sqrt(band["layers"][1:])
            assert np.ptp(scaled) < 4 * 10.0 ** (1 - DIGITS) * np.abs([low, high]).max()
            assert np.shape(band["walks"])[1] == walks.DEPTH + 1


def test_lines_of_second_moments_lie_between_the_bounds_and_know_no_order(data):
    last, over = data["layer_variance_by_widths"]["panels"]
    lower, upper, *lines = last["lines"]
    assert len(lines) == len(lengths.PATTERNS)
    for line in lines:
        sums = np.array(line["x"])
        assert (np.exp(np.log(2) * sums) < line["y"]).all()
        assert (line["y"] < np.exp(5 * sums)).all()
    # the data are rounded, and rounding x moves exp(5x) by 5x <= 10 times as much
    for bound, constant in ((lower, np.log(2)), (upper, 5)):
        assert np.allclose(bound["y"], np.exp(constant * np.array(bound["x"])), rtol=10.0 ** (2 - DIGITS), atol=0)
    orders = [line for line in lines if line["label"].count("30")]
    assert len(orders) == 3
    for one, other in itertools.combinations(orders, 2):
        assert np.allclose(one["y"], other["y"], rtol=10.0 ** (1 - DIGITS), atol=0)  # both rounded
    apart = {line["label"]: line["y"][-1] for line in over["lines"]}
    assert apart["10 first, then 30"] > 1.5 * apart["30 first, then 10"]
