"""How many layer-steps a second the radial sampler draws: `pytest tests/benchmarks --benchmark-only`.

The promise, on two cores: ten million layer-steps a second of rectifier networks, at widths 8 and 512. Leaky and
orthogonal layers, which draw two gamma variables, are timed beside them.
"""

from __future__ import annotations

import pytest
import torch

from numerics.ensembles import Weights, dense
from numerics.sampling import radial, tilting

STEPS_A_SECOND = 1e7  # promised
DEPTH, BLOCKS = 50, 16
NETWORKS = {
    "relu": (Weights("normal", 2, "fan_in"), "relu", None),
    "leaky": (Weights("normal", 2, "fan_in"), "leaky_relu", 0.1),
    "orthogonal": (Weights("orthogonal", 2, "fan_in"), "relu", None),
}


@pytest.fixture(autouse=True)
def two_threads():
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)


def timed(benchmark, values, steps: int) -> float:
    benchmark.pedantic(lambda: sum(len(block) for block in values()), rounds=3, warmup_rounds=1)
    rate = steps / benchmark.stats.stats.min
    benchmark.extra_info["layer-steps a second"] = f"{rate:.3g}"
    return rate


@pytest.mark.parametrize("way", ["forward", "backward"])
@pytest.mark.parametrize("width", [8, 512])
@pytest.mark.parametrize("kind", NETWORKS)
def test_layer_steps(benchmark, kind, width, way):
    weights, activation, slope = NETWORKS[kind]
    network = dense((width,) * (DEPTH + 1), weights, activation, slope=slope)
    networks = BLOCKS * radial.block_size(network)

    def values():
        return radial.sample(network, networks, experiment="speed", measure=lambda walk: getattr(walk, way)[:, 0])

    rate = timed(benchmark, values, networks * DEPTH)
    if kind == "relu":
        assert rate > STEPS_A_SECOND


def test_tilted_layer_steps(benchmark):
    network = dense((10,) * (DEPTH + 1), Weights("normal", 2, "fan_in"), "relu")
    networks = BLOCKS * radial.block_size(network)
    measure = tilting.weighted_power(2)

    def values():
        return tilting.sample(network, networks, experiment="speed", measure=measure, tilt=1.8)

    timed(benchmark, values, networks * DEPTH)
