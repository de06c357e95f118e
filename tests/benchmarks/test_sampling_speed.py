"""What a network costs each sampler: `pytest tests/benchmarks --benchmark-only`.

The promises, on two cores, as ratios of one run: the conditioned sampler draws at least 100 networks of width 512 and
depth 20 while the direct one draws one, and its lead grows like the width up to 2048; the direct sampler, with its
passes, reaches at least three quarters of the rate at which torch fills memory with normals; against a plain loop that
draws weights and averages, the conditioned sampler reaches one standard error at width 1024 at least 200 times sooner.
"""

from __future__ import annotations

import math
import time

import pytest
import torch

from numerics.ensembles import Weights, dense
from numerics.sampling import conditioned, direct
from numerics.sampling.passes import squared_norm

HE = Weights("normal", 2, "fan_in")
DEPTH = 20
LEAD, SOONER, FILLED, CORES = 100, 200, 0.75, 2


@pytest.fixture(autouse=True)
def two_threads():
    threads = torch.get_num_threads()
    torch.set_num_threads(CORES)
    yield
    torch.set_num_threads(threads)


def rectifiers(width):
    return dense((width,) * (DEPTH + 1), HE, "relu")


def gradient_norm(seen):
    return squared_norm(seen.slopes[0])[:, 0]


def seconds_a_network(sampler, width, networks, name):
    start = time.perf_counter()
    for _ in sampler.sample(rectifiers(width), networks, experiment=name, measure=gradient_norm, device="cpu"):
        pass
    return (time.perf_counter() - start) / networks


def interleaved(timers, rounds):
    """The shortest time of each, measured in turns: whatever else the machine does falls on all of them."""
    for timer in timers:
        timer()
    return [min(times) for times in zip(*([timer() for timer in timers] for _ in range(rounds)), strict=True)]


def lead(width, rounds):
    def timer(sampler):
        networks = 4 * sampler.block_size(rectifiers(width))  # whole blocks, two for each core
        return lambda: seconds_a_network(sampler, width, networks, sampler.__name__)

    return interleaved([timer(direct), timer(conditioned)], rounds)


def test_conditioned_leads_direct_by_two_orders_and_the_more_the_wider(benchmark):
    widths = (512, 1024, 2048)
    times = benchmark.pedantic(lambda: [lead(width, 5) for width in widths], rounds=1)
    leads = [slow / fast for slow, fast in times]
    benchmark.extra_info.update({f"lead at width {width}": round(ratio) for width, ratio in zip(widths, leads, strict=True)})
    assert leads[0] >= LEAD
    assert leads[-1] / leads[0] >= widths[-1] / widths[0]


def test_direct_nearly_keeps_up_with_filling_memory_with_normals(benchmark):
    width = 512
    weights, stream = torch.empty(DEPTH, width, width), torch.Generator()

    def fill():
        start = time.perf_counter()
        weights.normal_(generator=stream)
        return (time.perf_counter() - start) / weights.numel()

    def draw():
        networks = 4 * direct.block_size(rectifiers(width))
        return seconds_a_network(direct, width, networks, "direct") / rectifiers(width).weight_count

    filling, drawing = benchmark.pedantic(lambda: interleaved([fill, draw], 7), rounds=1)
    benchmark.extra_info["share of torch's rate"] = round(filling / drawing, 2)
    assert filling / drawing >= FILLED


def plain_loop(width, networks):
    """The mean squared length of the output over networks, as one writes it without this library."""
    start, lengths = time.perf_counter(), []
    with torch.no_grad():
        for _ in range(networks):
            x = torch.ones(width)
            for _ in range(DEPTH):
                x = torch.relu(torch.randn(width, width) * math.sqrt(2 / width) @ x)
            lengths.append(x.square().mean().item())
    return (time.perf_counter() - start) / networks


def test_conditioned_reaches_a_standard_error_long_before_a_plain_loop(benchmark):
    """Both estimate the mean of one law: the standard error after equal numbers of networks is equal, so the time to a
    given one goes as the time of a network."""
    width = 1024
    networks = 4 * conditioned.block_size(rectifiers(width))

    def fast():
        return seconds_a_network(conditioned, width, networks, "conditioned")

    slow, quick = benchmark.pedantic(lambda: interleaved([lambda: plain_loop(width, 2), fast], 3), rounds=1)
    benchmark.extra_info["sooner by"] = round(slow / quick)
    assert slow / quick >= SOONER
