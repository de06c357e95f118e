"""Shapeset-3x2: an endless stream of 32 x 32 images of one or two shapes, as Glorot and Bengio trained on (glorot2010).

*A scene.* One or two objects, each number with probability 1/2; each object uniformly a triangle, a parallelogram or an
"ellipse", which is a polygon of 20 corners. With probability 1/2 the objects are bright on a dark ground, else dark on
bright; dark greys are uniform in [0, 0.45], bright ones in [0.55, 1], and each object has its own. A pixel is 2 grey - 1.

*An object.* The regular n-gon of radius 1/2 is turned by an angle t uniform within half a sector, |t| < pi/n; stretched
by s_1 >= s_2, two draws of U(0.2, 0.8) x 32, along the axes; turned back by arctan(s_2/s_1 tan t), which brings the image
of its first corner onto the first axis; turned by a uniform angle; and put uniformly where it keeps 1 pixel from the
border. So any triangle, parallelogram or ellipse can come.

*Two objects.* The second is painted over the first. Where it would hide more than half of the first one's pixels, its
scales and its place are drawn again; after 50 rejections it is left out, and the image has one object.

*Classes.* The nine sets of objects. Were the second object never left out, a set of one shape would have prior 1/2 * 1/3, a
pair of equals 1/2 * 1/9, and a pair of different ones 1/2 * 2/9. Leaving it out moves probability from the pairs to their
first shapes: each prior changes by at most the chance that 50 tries in a row fail. Among 10^6 images (the streams "tries", 0
to 999) none took more than 20 tries: were the chance of that above ln(1e6)/1e6 = 1.4e-5, it had happened but for 1e-6.

*Painting.* A pixel belongs to a polygon when its centre does (no smoothing). As the polygons are convex, their pixels in a
row lie between the last of the edges that bound it from the left and the first of those that bound it from the right. Every
polygon holds a circle of radius 0.25 * 0.2 * 32 = 1.6, which is more than half a pixel's diagonal: so it has pixels.

Departures from the authors' program, which the paper does not describe: greys and angles are continuous where it has 8 bits;
the hidden share is counted, where it is estimated from projections there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from numerics.sampling.streams import numpy_generator
from numerics.training.data.images import Images, Inputs, Labels, Part, images

SIZE, MARGIN = 32, 1  # pixels
SCALES = (0.2 * SIZE, 0.8 * SIZE)
DARK, BRIGHT, CONTRAST = 0.0, 0.55, 0.45  # where the greys of a tone begin, and how far they reach
TRIES = 50  # rejections after which the second object is left out
SHAPES = ("triangle", "parallelogram", "ellipse")
CORNERS = (3, 4, 20)
NONE = len(SHAPES)  # stands for a second object that is not there
CLASSES: tuple[tuple[str, ...], ...] = (
    *((shape,) for shape in SHAPES),
    *((SHAPES[a], SHAPES[b]) for a, b in ((0, 1), (1, 2), (0, 2), (0, 0), (1, 1), (2, 2))),
)
LABELS = np.array(  # the class of a first shape and of a second one or NONE, (3, 4)
    [
        [CLASSES.index(tuple(SHAPES[k] for k in sorted((first, second)) if k != NONE)) for second in range(NONE + 1)]
        for first in range(NONE)
    ]
)
BLOCK = 1000  # images of a stream that are drawn together: their arrays fit the cache
COUNTS: dict[Part, int] = {"train": 50_000, "valid": 10_000, "test": 10_000}

Reals = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Scenes:
    """What is on n images.  shapes: (n, 2), an index into SHAPES or NONE.  ground: (n,) and greys: (n, 2), in [0, 1].

    spans: (n, 2, 32, 2), the first column of each object in each row and the one after its last; tries: (n,), how often the
    second object was placed.
    """

    shapes: Whole
    ground: Reals
    greys: Reals
    spans: Whole
    tries: Whole

    @property
    def labels(self) -> Labels:
        """The class of each image, an index into CLASSES."""
        return LABELS[self.shapes[:, 0], self.shapes[:, 1]]

    @property
    def hidden(self) -> Reals:
        """The share of the first object's pixels that the second hides, (n,)."""
        return _overlap(self.spans[:, 0], self.spans[:, 1]) / _pixels(self.spans[:, 0])


def class_prior() -> dict[tuple[str, ...], Fraction]:
    """The probability of each class while the second object can always be placed."""
    prior = dict.fromkeys(CLASSES, Fraction(0))
    for first in range(len(SHAPES)):
        prior[CLASSES[LABELS[first, NONE]]] += Fraction(1, 2 * len(SHAPES))
        for second in range(len(SHAPES)):
            prior[CLASSES[LABELS[first, second]]] += Fraction(1, 2 * len(SHAPES) ** 2)
    return prior


def scenes(stream: np.random.Generator, count: int) -> Scenes:
    """Draw what is on ``count`` images."""
    shapes = stream.integers(len(SHAPES), size=(count, 2))
    two = stream.random(count) < 0.5
    bright_objects = stream.random(count) < 0.5
    greys = CONTRAST * stream.random((count, 3)) + np.where(
        bright_objects[:, None] ^ [True, False, False], BRIGHT, DARK
    )
    angles = stream.random((count, 2, 2)) * 2 - 1
    spans = np.zeros((count, 2, SIZE, 2), np.int64)
    spans[:, 0] = _placed(stream, shapes[:, 0], angles[:, 0])
    tries = np.zeros(count, np.int64)
    waiting = np.flatnonzero(two)
    for _ in range(TRIES):
        if not waiting.size:
            break
        candidate = _placed(stream, shapes[waiting, 1], angles[waiting, 1])
        tries[waiting] += 1
        fits = 2 * _overlap(spans[waiting, 0], candidate) <= _pixels(spans[waiting, 0])
        spans[waiting[fits], 1] = candidate[fits]
        waiting = waiting[~fits]
    two[waiting] = False
    shapes[~two, 1] = NONE
    return Scenes(shapes, greys[:, 0], greys[:, 1:], spans, tries)


def painted(drawn: Scenes) -> Inputs:
    """The images of scenes, (n, 1, 32, 32) in [-1, 1]."""
    columns = np.arange(SIZE)
    pixels = np.broadcast_to(drawn.ground.astype(np.float32)[:, None, None], (len(drawn.ground), SIZE, SIZE))
    for k in range(2):
        first, end = drawn.spans[:, k, :, 0, None].astype(np.int8), drawn.spans[:, k, :, 1, None].astype(np.int8)
        inside = (columns.astype(np.int8) >= first) & (columns.astype(np.int8) < end)
        pixels = np.where(inside, drawn.greys[:, k, None, None].astype(np.float32), pixels)
    return 2 * pixels[:, None] - 1


def endless(*key: int | str) -> Callable[[int, int], tuple[Inputs, Labels]]:
    """An endless stream of images: a function of (start, stop) that gives those of it, inputs (k, 1024) and labels (k,).

    An image depends on the key and on its number alone. The last block is kept, as most is asked for in order. The function
    raises ValueError unless 0 <= start < stop.
    """
    kept: dict[int, tuple[Inputs, Labels]] = {}

    def block(number: int) -> tuple[Inputs, Labels]:
        if number not in kept:
            drawn = scenes(numpy_generator("shapeset", *key, number), BLOCK)
            kept.clear()
            kept[number] = painted(drawn).reshape(BLOCK, -1), drawn.labels
        return kept[number]

    def between(start: int, stop: int) -> tuple[Inputs, Labels]:
        if not 0 <= start < stop:
            raise ValueError(f"images {start} to {stop} are no stretch of the stream; give 0 <= start < stop.")
        parts = []
        for number in range(start // BLOCK, -(-stop // BLOCK)):
            rows = slice(max(start - number * BLOCK, 0), stop - number * BLOCK)
            parts.append(tuple(array[rows] for array in block(number)))
        inputs, labels = zip(*parts, strict=True)
        return np.concatenate(inputs), np.concatenate(labels)

    return between


def read(part: Part) -> Images:
    """A part of fixed size, from the stream of that name."""
    inputs, labels = endless(part)(0, COUNTS[part])
    words = f"generated, stream ('shapeset', '{part}')"
    return images("shapeset", part, inputs.reshape(-1, 1, SIZE, SIZE), labels, classes=len(CLASSES), source=words)


def _placed(stream: np.random.Generator, shapes: Whole, angles: Reals) -> Whole:
    """Objects of drawn scales and places, as spans (m, 32, 2); angles as for ``polygons``."""
    scales = np.sort(stream.uniform(*SCALES, (len(shapes), 2)))[:, ::-1]
    place = stream.random((len(shapes), 2))
    spans = np.empty((len(shapes), SIZE, 2), np.int64)
    for shape, corners in enumerate(CORNERS):
        at = np.flatnonzero(shapes == shape)
        spans[at] = _spans(_inside(polygons(corners, angles[at], scales[at]), place[at]))
    return spans


def polygons(corners: int, angles: Reals, scales: Reals) -> Reals:
    """Corners (m, corners, 2) about the origin, anticlockwise with y upwards.

    ``angles``: (m, 2) in [-1, 1], of half a sector and of half a circle; ``scales``: (m, 2), falling.
    """
    sector = angles[:, 0, None] * np.pi / corners
    around = sector + np.arange(corners) * (2 * np.pi / corners)
    x, y = 0.5 * np.cos(around) * scales[:, :1], 0.5 * np.sin(around) * scales[:, 1:]
    back = np.arctan(scales[:, 1:] / scales[:, :1] * np.tan(sector))
    turn = np.pi * angles[:, 1, None] - back
    c, s = np.cos(turn), np.sin(turn)
    return np.stack([c * x - s * y, s * x + c * y], axis=-1)


def _inside(corners: Reals, place: Reals) -> Reals:
    """Move polygons to where the image and its margin allow, by uniform ``place`` (m, 2) in [0, 1]."""
    low, high = MARGIN - corners.min(axis=1), SIZE - MARGIN - corners.max(axis=1)
    return corners + (low + place * (high - low))[:, None]


def _spans(corners: Reals) -> Whole:
    """The columns whose centres are in a convex polygon, row by row, (m, 32, 2); corners are (x, y) as for ``polygons``."""
    x, y = corners[..., 0, None], corners[..., 1, None]
    dx, dy = (np.roll(each, -1, axis=1) - each for each in (x, y))
    rows = np.arange(SIZE) + 0.5
    # an edge that goes up bounds the row from the right, one that goes down from the left, a level one not at all
    line = (rows - y) * np.divide(dx, dy, out=np.zeros_like(dx), where=dy != 0) + x
    left = np.where(dy < 0, line, -np.inf).max(axis=1)
    right = np.where(dy > 0, line, np.inf).min(axis=1)
    crossed = (rows >= y.min(axis=1)) & (rows <= y.max(axis=1))
    first = np.ceil(np.where(crossed, left, 0) - 0.5)
    end = np.floor(np.where(crossed, right, -1) - 0.5) + 1
    return np.stack([first, np.maximum(first, end)], axis=-1).astype(np.int64)


def _pixels(spans: Whole) -> Whole:
    return (spans[..., 1] - spans[..., 0]).sum(axis=-1)


def _overlap(one: Whole, other: Whole) -> Whole:
    """How many pixels two objects share."""
    shared = np.minimum(one[..., 1], other[..., 1]) - np.maximum(one[..., 0], other[..., 0])
    return np.maximum(shared, 0).sum(axis=-1)
