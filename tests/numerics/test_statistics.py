"""Moments merge and estimate what they say; distances of laws are those of a slow, exact computation."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics.statistics import (
    Moments,
    cell_counts,
    distance_between,
    distance_to_uniform,
    merge_moments,
    moments,
)

SMALL = st.integers(-8, 8).map(float)  # with many ties
VECTORS = st.lists(SMALL, max_size=30).map(lambda values: np.array(values, dtype=float))
SAMPLES = st.lists(SMALL, min_size=1, max_size=20).map(np.array)
UNIT = st.lists(st.fractions(0, 1, max_denominator=16).map(float), min_size=1, max_size=30).map(np.array)


def exact(values):
    """Mean and sums of powers of deviations, in fractions."""
    numbers = [Fraction(x) for x in values]
    mean = sum(numbers) / len(numbers)
    return mean, *(sum((x - mean) ** power for x in numbers) for power in (2, 3, 4))


@given(parts=st.lists(VECTORS, min_size=1, max_size=6), offset=st.sampled_from([0.0, 100.0]))
def test_merged_moments_are_those_of_all_values(parts, offset):
    found = Moments()
    for part in parts:
        found = merge_moments(found, moments(part + offset))
    values = np.concatenate(parts) + offset
    assert found.count == values.size
    if values.size:
        # n <= 180 values of size M <= 108 and differences of at most 16: the mean errs by some n 2^-53 M, each sum
        # of p-th powers by that error times p times n 16^(p-1), and by 20 roundings a merge of terms below n 16^p.
        slip = 2 * values.size * 2.0**-53 * np.abs(values).max()
        assert abs(found.mean - exact(values)[0]) <= slip
        for power, sum_, true in zip(
            (2, 3, 4), (found.second, found.third, found.fourth), exact(values)[1:], strict=True
        ):
            bound = (
                values.size * 16.0 ** (power - 1) * (4 * power * slip + 16 * 20 * (len(parts) + values.size) * 2.0**-53)
            )
            assert abs(sum_ - true) <= bound


@given(values=st.lists(SMALL, min_size=2, max_size=30).map(np.array))
def test_variance_and_standard_error_are_the_usual_ones(values):
    found = moments(values)
    assert found.variance == pytest.approx(np.var(values, ddof=1), rel=1e-13, abs=1e-13)  # 30 terms, 2 roundings each
    assert found.standard_error == pytest.approx(math.sqrt(np.var(values, ddof=1) / values.size), rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("law", [[(0, 1), (1, 2)], [(-1, 1), (0, 1), (3, 2)], [(-2, 1), (2, 1)]], ids=str)
@pytest.mark.parametrize("size", [4, 5, 6])
def test_the_variance_of_the_variance_is_unbiased_by_enumeration(law, size):
    """Over every sample of a law with two or three points, with its exact probability."""
    weight = sum(share for _, share in law)
    mean, mean_square, estimated = 0.0, 0.0, 0.0
    for sample in itertools.product(law, repeat=size):
        probability = math.prod(share for _, share in sample) / weight**size
        found = moments(np.array([float(point) for point, _ in sample]))
        mean += probability * found.variance
        mean_square += probability * found.variance**2
        estimated += probability * found.variance_of_variance
    # at most 3^6 terms, each with below a hundred roundings of numbers below 100
    assert estimated == pytest.approx(mean_square - mean**2, abs=3**6 * 100 * 100 * 2**-53)


@pytest.mark.parametrize("size", range(4))
def test_what_needs_more_values_is_not_a_number(size):
    found = moments(np.arange(float(size)))
    assert math.isnan(found.variance) == math.isnan(found.standard_error) == (size < 2)
    assert math.isnan(found.variance_of_variance)


def test_moments_of_huge_values_are_not_finite_and_no_error():
    found = merge_moments(moments(np.array([1e300, -1e300])), moments(np.array([1e300, 2e300])))
    assert found.count == 4
    assert not math.isfinite(found.fourth)
    assert not math.isfinite(found.variance_of_variance)


@given(values=UNIT, cells=st.integers(1, 32))
def test_cell_counts_count_each_value_once_in_the_cell_that_ends_at_or_above_it(values, cells):
    counts = cell_counts(values, cells)
    edges = [float(Fraction(g, cells)) for g in range(cells + 1)]
    assert counts.tolist() == [
        sum(1 for x in values if x <= edge and (g == 0 or x > edges[g - 1])) for g, edge in enumerate(edges)
    ]
    slow = max(abs(sum(x <= edge for x in values) / values.size - edge) for edge in edges)
    assert distance_to_uniform(counts) == pytest.approx(slow, abs=4 * 2**-53)  # two divisions, one difference


@pytest.mark.parametrize("value", [-1e-9, 1 + 1e-9, math.nan])
def test_a_distribution_functions_value_outside_the_unit_interval_is_an_error(value):
    with pytest.raises(ValueError, match="outside"):
        cell_counts(np.array([0.5, value]), 4)


@given(first=SAMPLES, second=SAMPLES)
def test_the_distance_of_two_samples_is_the_largest_gap_at_any_point(first, second):
    slow = max(abs(np.mean(first <= x) - np.mean(second <= x)) for x in [*first, *second])
    assert distance_between(first, second) == distance_between(second, first) == pytest.approx(slow, abs=4 * 2**-53)
