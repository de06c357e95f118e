"""How long theorems take to evaluate: `pytest tests/benchmarks --benchmark-only`.

The promises, on two cores: one gain at width 10^6 within 5 ms, 10,000 widths up to 10^6 within 1 s.  The
plain mixture sum, which needs a term for each unit, is timed beside the stable form.
"""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from numerics.evaluate import enclosure, function, value
from numerics.evaluate.floats import Floats
from numerics.evaluate.sharing import evaluate

GAIN = "random_walk.relu_gain"
ONE_WIDTH, MANY_WIDTHS = 5e-3, 1.0  # seconds, promised
# The mixture sum with its weights by log-gamma: binomial(N, k)/(2^N - 1) itself overflows float64 from
# N = 1030 on.  The base e is a symbol, lest SymPy turn the exponential back into gamma functions.
N, k = sp.symbols("N k", positive=True)  # not integers, whose log-gammas SymPy writes by gamma
BASE = sp.Symbol("e", positive=True)
LOG_WEIGHT = sp.loggamma(N + 1) - sp.loggamma(k + 1) - sp.loggamma(N - k + 1) - N * sp.log(2)
MIXTURE = sp.Sum(BASE**LOG_WEIGHT * (sp.polygamma(0, k / 2) + sp.log(4 / N)), (k, 1, N)) / (1 - 2 ** (-N))
PLAIN = sp.sqrt(2) * sp.exp(-MIXTURE / 2)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_one_wide_gain(benchmark, backend):
    f = function(GAIN, backend)
    benchmark(lambda: f(N=10**6))
    assert benchmark.stats.stats.min < ONE_WIDTH


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_ten_thousand_gains(benchmark, backend):
    f = function(GAIN, backend)
    widths = np.random.default_rng(5).integers(1, 10**6 + 1, 10_000)
    benchmark.pedantic(lambda: f(N=widths), rounds=3, warmup_rounds=1)
    if backend == "numpy":  # torch is timed for comparison; nothing is promised of it on a processor
        assert benchmark.stats.stats.min < MANY_WIDTHS


@pytest.mark.parametrize("width", [10, 1000, 10**6])
def test_one_gain_by_the_stable_form(benchmark, width):
    f = function(GAIN)
    benchmark(lambda: f(N=width))


@pytest.mark.parametrize("width", [10, 1000, 10**6])
def test_one_gain_by_the_plain_sum(benchmark, width):
    backend = Floats()

    def plain() -> float:
        with backend.working():
            return float(evaluate(PLAIN, {N: np.asarray(float(width)), BASE: np.asarray(np.e)}, backend))

    found = benchmark(plain)
    # log-gamma of the width is off by a rounding of itself, and that is the relative error of the weights
    assert found == pytest.approx(function(GAIN)(N=width), rel=2.0**-50 * width * np.log(width))


@pytest.mark.parametrize("digits", [15, 100])
@pytest.mark.parametrize("width", [10, 1000])
def test_digits_by_balls(benchmark, width, digits):
    benchmark.pedantic(lambda: value(GAIN, digits, N=width), rounds=3)


def test_an_enclosure_of_a_wide_gain(benchmark):
    benchmark.pedantic(lambda: enclosure(GAIN, 15, N=10**6), rounds=3)
