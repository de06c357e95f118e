"""Hand-made outcomes of experiments, and what figures of trained networks have to show of every one of them."""

import numpy as np

from numerics.evidence.kept import Kept
from papers.figures.picture import as_json
from papers.figures.style import FULL, style
from papers.figures.training_glorot import DIGITS
from papers.training import Outcome

HALF_DIGIT = 0.5 * 10.0 ** (1 - DIGITS)  # what rounding to the data's digits changes, relative


def rows(numbers, low, high, *shape):
    """Nested tuples of uniform numbers."""

    def frozen(values):
        return tuple(map(frozen, values)) if isinstance(values, list) else values

    return frozen(numbers.uniform(low, high, shape).tolist())


def outcome(name, config, predicted, observed):
    """As an experiment has it, with no evidence behind it."""
    return Outcome(name, "own", config, Kept(f"{name} (made)", "", 0, 0.0, ""), predicted, observed, ())


def near(found, values):
    """Whether they are the same up to the rounding of the data."""
    return np.allclose(found, values, rtol=HALF_DIGIT * (1 + 1e-9), atol=0)


def networks(part):
    """The heights of every network of a panel's data."""
    found = part.get("networks", [])
    series = [*part.get("courses", ()), *part.get("clouds", ())]
    flat = [each for kind in found for each in kind] if found and isinstance(found[0][0], list) else found
    return [*flat, *(each for several in series for each in several["networks"])]


def shows_everything(data, figure):
    """Whether every line, dot and network of the data is drawn, in a panel of its own place."""
    for axes, part in zip(figure.axes, data["panels"], strict=True):
        heights = [np.asarray(line.get_ydata()).tolist() for line in axes.get_lines()]
        series = (*part["lines"], *part["dots"], *part.get("courses", ()), *part.get("clouds", ()))
        if not all(each in heights for each in (*(one["y"] for one in series), *networks(part))):
            return False
    return any(map(networks, data["panels"]))


def fits_the_page(figure):
    """Whether it is as wide as the text and nothing hangs over its edge."""
    with style():
        around = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    return width == FULL and min(around.x0, around.y0) >= 0 and around.x1 <= width and around.y1 <= height


def is_small_and_sourced(data):
    """Whether it is at most 150 kB, and names theorems and the one measurement."""
    kinds = [source["kind"] for source in data["sources"].values()]
    return len(as_json(data)) < 150_000 and kinds.count("measurement") == 1 and "theorem" in kinds
