"""Shapeset-3x2 is what its description says: the scenes, their laws, and the pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from numerics import evidence
from numerics.sampling.streams import numpy_generator
from numerics.training.data import shapeset
from numerics.training.data.shapeset import BRIGHT, CLASSES, CONTRAST, CORNERS, MARGIN, NONE, SHAPES, SIZE

SEEDS = st.integers(0, 2**32 - 1)
# corners are sums and products of a few numbers below 32, each rounded: errors stay far below a millionth of a pixel,
# which the centre of a random pixel comes near an edge with a chance of some 1e-6
CLOSE = 1e-9


def drawn(seed, count=50):
    return shapeset.scenes(numpy_generator("test", seed), count)


def masks(scenes, k):
    """The pixels of the first or second objects, (n, 32, 32)."""
    columns = np.arange(SIZE)
    return (columns >= scenes.spans[:, k, :, :1]) & (columns < scenes.spans[:, k, :, 1:])


@given(seed=SEEDS)
def test_objects_keep_to_the_margin_and_have_pixels(seed):
    scenes = drawn(seed)
    for k, there in ((0, np.full(50, True)), (1, scenes.shapes[:, 1] != NONE)):
        seen = masks(scenes, k)
        assert (seen.any(axis=(1, 2)) == there).all()
        inner = np.zeros((SIZE, SIZE), bool)
        inner[MARGIN:-MARGIN, MARGIN:-MARGIN] = True
        assert not (seen & ~inner).any()


@given(seed=SEEDS)
def test_objects_and_ground_have_greys_of_opposite_tones(seed):
    scenes = drawn(seed)
    bright = scenes.ground >= BRIGHT
    for grey, is_bright in ((scenes.ground, bright), (scenes.greys[:, 0], ~bright), (scenes.greys[:, 1], ~bright)):
        low = np.where(is_bright, BRIGHT, 0)
        assert ((low <= grey) & (grey <= low + CONTRAST)).all()


@given(seed=SEEDS)
def test_an_image_is_its_ground_with_the_first_and_then_the_second_object(seed):
    scenes = drawn(seed)
    image = shapeset.painted(scenes)
    assert image.shape == (50, 1, SIZE, SIZE)
    assert image.dtype == np.float32
    second = masks(scenes, 1)
    first = masks(scenes, 0) & ~second
    for where, grey in ((second, scenes.greys[:, 1]), (first, scenes.greys[:, 0]), (~(first | second), scenes.ground)):
        expected = np.broadcast_to((2 * grey.astype(np.float32) - 1)[:, None, None], where.shape)
        assert (image[:, 0][where] == expected[where]).all()


@given(seed=SEEDS)
def test_no_object_hides_more_than_half_of_the_one_before(seed):
    scenes = drawn(seed)
    hidden = (masks(scenes, 0) & masks(scenes, 1)).sum(axis=(1, 2)) / masks(scenes, 0).sum(axis=(1, 2))
    assert (hidden <= 0.5).all()
    assert (hidden == scenes.hidden).all()


@given(seed=SEEDS)
def test_a_label_is_the_set_of_objects(seed):
    scenes = drawn(seed)
    for shapes, label in zip(scenes.shapes, scenes.labels, strict=True):
        assert sorted(CLASSES[label]) == sorted(SHAPES[k] for k in shapes if k != NONE)


@given(seed=SEEDS, shape=st.sampled_from(range(3)))
def test_a_polygon_has_the_area_of_its_kind_and_fits_its_scales(seed, shape):
    """Stretching multiplies areas: s_1 s_2 times n/8 sin(2 pi/n), that of the regular n-gon of radius 1/2."""
    stream, n = numpy_generator("polygons", seed), CORNERS[shape]
    scales = np.sort(stream.uniform(*shapeset.SCALES, (20, 2)))[:, ::-1]
    corners = shapeset.polygons(n, stream.random((20, 2)) * 2 - 1, scales)
    x, y = corners[..., 0], corners[..., 1]
    area = (x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1) / 2
    assert np.allclose(area, scales.prod(axis=1) * n / 8 * np.sin(2 * np.pi / n), rtol=CLOSE, atol=0)
    radius = np.hypot(x, y)
    assert (radius <= scales[:, :1] / 2 + CLOSE).all()
    assert (radius >= scales[:, 1:] / 2 - CLOSE).all()


@given(seed=SEEDS)
def test_a_turned_polygon_has_its_first_corner_where_the_second_angle_says(seed):
    stream = numpy_generator("turns", seed)
    angles = stream.random((20, 2)) * 2 - 1
    scales = np.sort(stream.uniform(*shapeset.SCALES, (20, 2)))[:, ::-1]
    for n in CORNERS:
        corners = shapeset.polygons(n, angles, scales)
        direction = np.arctan2(corners[:, 0, 1], corners[:, 0, 0])
        assert np.allclose(np.sin(direction - np.pi * angles[:, 1]), 0, atol=CLOSE)


@given(seed=SEEDS, shape=st.sampled_from(range(3)))
def test_a_pixel_is_painted_when_its_centre_lies_within_all_edges(seed, shape):
    stream, n = numpy_generator("painted", seed), CORNERS[shape]
    scales = np.sort(stream.uniform(*shapeset.SCALES, (20, 2)))[:, ::-1]
    polygons = shapeset.polygons(n, stream.random((20, 2)) * 2 - 1, scales)
    corners = shapeset._inside(polygons, stream.random((20, 2)))
    assert corners.min() >= MARGIN - CLOSE
    assert corners.max() <= SIZE - MARGIN + CLOSE
    spans = shapeset._spans(corners)
    columns = np.arange(SIZE)
    painted = (columns >= spans[..., :1]) & (columns < spans[..., 1:])
    centre = columns + 0.5
    px, py = centre[None, None, None, :], centre[None, None, :, None]
    x, y = (corners[..., k, None, None] for k in range(2))
    dx, dy = (np.roll(each, -1, axis=1) - each for each in (x, y))
    side = dx * (py - y) - dy * (px - x)  # positive on the left of an edge
    assert painted[(side > CLOSE).all(axis=1)].all()
    assert not painted[(side < -CLOSE).any(axis=1)].any()


def test_a_level_edge_bounds_no_row():
    square = np.array([[[4.0, 4.0], [9.0, 4.0], [9.0, 9.0], [4.0, 9.0]]])
    spans = shapeset._spans(square)
    assert (spans[0, 4:9] == (4, 9)).all()
    assert (spans[0, :, 1] - spans[0, :, 0]).sum() == 25


def test_the_prior_is_a_law_on_the_sets_of_objects():
    prior = shapeset.class_prior()
    assert set(prior) == set(CLASSES)
    assert sum(prior.values()) == 1
    assert all(prior[(shape,)] == 3 * prior[(shape, shape)] for shape in SHAPES)


@pytest.mark.sampled
def test_classes_have_their_priors(sampled):
    """Exact binomial bounds, the rate divided over nine classes and two sides; the chance that an object is left out, which
    is below 2e-5 (the module's docstring), moves the priors by no more."""
    networks, omitted = 50_000, 2e-5
    counts = np.bincount(shapeset.endless("prior")(0, networks)[1], minlength=len(CLASSES))
    rate = sampled.alpha(networks) / (2 * len(CLASSES))
    for count, chance in zip(counts, map(float, shapeset.class_prior().values()), strict=True):
        assert binom.ppf(rate, networks, chance - omitted) <= count <= binom.isf(rate, networks, chance + omitted)


@pytest.mark.sampled(checks=3)
def test_greys_are_uniform_in_their_tone(sampled):
    """DKW; of a law that is off by 6 % somewhere it would be refuted but for the same rate."""
    for read in (
        lambda scenes: scenes.ground,
        lambda scenes: scenes.greys[:, 0],
        lambda scenes: scenes.greys[scenes.shapes[:, 1] != NONE, 1],
    ):

        def judged(rate, read=read):
            plan = evidence.plan_law(_of_two_tones, distance=0.06, alpha=rate, beta=rate)
            greys, block = np.empty(0), 0
            while greys.size < plan.networks:
                greys = np.concatenate([greys, read(shapeset.scenes(numpy_generator("greys", block), 5000))])
                block += 1
            return evidence.judge(plan, [greys[: plan.networks]])

        sampled.agrees(judged)


def _of_two_tones(grey):
    """Each tone with probability 1/2, uniform in each."""
    return (np.clip(grey / CONTRAST, 0, 1) + np.clip((grey - BRIGHT) / CONTRAST, 0, 1)) / 2


@given(seed=SEEDS)
@settings(max_examples=10)
def test_after_the_last_rejection_an_object_is_left_out(seed):
    """With a single try many second objects are left out: then the image has one object, and its class says so."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shapeset, "TRIES", 1)
        scenes = drawn(seed, 400)
    left_out = (scenes.tries == 1) & (scenes.shapes[:, 1] == NONE)
    assert left_out.any()  # a try fails with a chance of some 0.23: 200 pairs without a failure have one of 1e-23
    assert (scenes.tries <= 1).all()
    assert not masks(scenes, 1)[left_out].any()
    assert all(len(CLASSES[label]) == 1 for label in scenes.labels[left_out])


@given(start=st.integers(0, 2500), length=st.integers(1, 2500), cut=st.integers(0, 2500))
@settings(max_examples=10)
def test_an_image_depends_on_the_key_and_its_number_alone(start, length, cut):
    whole, labels = shapeset.endless("same")(start, start + length)
    middle = start + cut % length
    other = shapeset.endless("same")
    parts = [other(a, b) for a, b in ((start, middle), (middle, start + length)) if a < b]
    assert np.array_equal(whole, np.concatenate([inputs for inputs, _ in parts]))
    assert np.array_equal(labels, np.concatenate([numbers for _, numbers in parts]))


def test_other_keys_give_other_images():
    assert not np.array_equal(shapeset.endless("a")(0, 5)[0], shapeset.endless("b")(0, 5)[0])


def test_an_empty_stretch_is_refused():
    with pytest.raises(ValueError, match="0 <= start < stop"):
        shapeset.endless("a")(5, 5)


def test_a_part_is_the_stream_of_its_name(monkeypatch):
    monkeypatch.setattr(shapeset, "COUNTS", {"valid": 30})
    part = shapeset.read("valid")
    assert np.array_equal(part.inputs, shapeset.endless("valid")(0, 30)[0])
    assert part.shape == (1, SIZE, SIZE)
    assert part.classes == len(CLASSES)
