"""A sample does not depend on how it is cut into blocks and runs, or on how many threads draw it."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.ensembles import LAWS, Weights, dense
from numerics.ensembles.strategies import networks, seeds
from numerics.sampling import blocks, conditioned, direct
from numerics.sampling.passes import squared_norm

LAWS_OF = {direct: LAWS, conditioned: ("normal",)}
SAMPLERS = pytest.mark.parametrize("sampler", [direct, conditioned], ids=["direct", "conditioned"])
TINY = dense((1, 1), Weights())


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def measure(seen):
    return squared_norm(seen.values[-1])[:, 0] + squared_norm(seen.slopes[0])[:, 0]


@SAMPLERS
@settings(max_examples=8, deadline=None)
@given(data=st.data(), seed=seeds(), count=st.integers(1, 3 * blocks.BLOCK_NETWORKS))
def test_values_do_not_depend_on_how_a_run_is_cut(sampler, data, seed, count):
    """Blocks alone and in reverse, a long run, a short run, and one taken up later give the same values bit by bit."""
    kinds = ("affine", "activation", "residual") + ("convolution",) * (sampler is direct)
    network = data.draw(networks(kinds=kinds, laws=LAWS_OF[sampler]))
    experiment, size = f"cut {seed}", sampler.block_size(network)

    def run(networks, first=0):
        drawn = sampler.sample(network, networks, experiment=experiment, measure=measure, device="cpu", first=first)
        return list(drawn)

    number = math.ceil(count / size)
    drawn = [sampler.draw(network, b, experiment=experiment, device="cpu") for b in reversed(range(number))]
    assert [len(block) for block in run(count)] == [size] * (number - 1) + [count - size * (number - 1)]
    values = torch.cat(run(count))
    assert torch.equal(values, torch.cat([measure(seen) for seen in drawn[::-1]])[:count])
    assert torch.equal(torch.cat(run((count + 1) // 2)), values[: (count + 1) // 2])
    later = run(count, first=number // 2)
    assert torch.equal(torch.cat(later), values[number // 2 * size :])
    if any(True for _ in network.matrices()):
        for one, other in itertools.pairwise(drawn):
            assert not torch.equal(measure(one), measure(other))


@SAMPLERS
@pytest.mark.parametrize("threads", [2, 3])
def test_values_do_not_depend_on_the_number_of_threads(sampler, threads):
    network = dense((4, 6, 3), Weights("normal", 2, "fan_in"), "relu")
    count = 6 * sampler.block_size(network) + 1

    def run():
        return torch.cat(list(sampler.sample(network, count, experiment="threads", measure=measure, device="cpu")))

    alone = run()
    torch.set_num_threads(threads)
    assert torch.equal(run(), alone)


@SAMPLERS
def test_a_run_on_threads_can_be_left_early_and_hands_on_what_a_measure_raises(sampler):
    torch.set_num_threads(2)
    blocks_of = sampler.sample(TINY, 10**9, experiment="early", measure=measure, device="cpu")
    assert len(next(blocks_of)) == sampler.block_size(TINY)
    blocks_of.close()  # would wait for 10^9 networks if the queue were not bounded

    def broken(seen):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        next(sampler.sample(TINY, 10**9, experiment="early", measure=broken, device="cpu"))


@SAMPLERS
@pytest.mark.parametrize("widths", [(3, 5), (1000, 1000, 10), (5000, 5000)])
def test_the_memory_of_a_block_is_bounded_whatever_is_asked_for(sampler, widths):
    network = dense(widths, Weights())
    size, floats = sampler.block_size(network), network.value_count + (network.weight_count if sampler is direct else 0)
    assert size == 1 or size * floats <= blocks.BLOCK_FLOATS


@SAMPLERS
@pytest.mark.parametrize(
    "measured",
    [torch.zeros(3).double(), torch.zeros(4096), torch.zeros(1, 4096).double(), torch.tensor(0.0).double(), 0.0],
    ids=["short", "float32", "turned", "scalar", "no tensor"],
)
def test_a_measure_of_another_shape_or_dtype_is_an_error(sampler, measured):
    with pytest.raises(ValueError, match="float64 tensor of shape"):
        next(sampler.sample(TINY, 1, experiment="bad", measure=lambda seen: measured, device="cpu"))


@SAMPLERS
@pytest.mark.parametrize("count", [0, -1, 1.5, True])
def test_a_count_or_block_that_is_none_is_an_error(sampler, count):
    with pytest.raises(ValueError, match="positive integer"):
        next(sampler.sample(TINY, count, experiment="bad", measure=measure, device="cpu"))
    if count != 0:
        with pytest.raises(ValueError, match="integer >= 0"):
            sampler.draw(TINY, count, experiment="bad", device="cpu")
