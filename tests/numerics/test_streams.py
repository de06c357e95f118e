"""A key names its stream: the same for all who ask, another for every other key."""

import math

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from numerics import evidence
from numerics.sampling import devices, streams

CPU = torch.device("cpu")
PARTS = st.one_of(
    st.integers(), st.text(max_size=4), st.sampled_from(["1", "12", "i1:1"]), st.integers(0, 12)
)
KEYS = st.tuples(st.text(min_size=1, max_size=4), st.lists(PARTS, max_size=4))


def numbers(experiment, key, count=8):
    return torch.randn(count, generator=streams.generator(CPU, experiment, *key), dtype=torch.float64)


@given(first=KEYS, second=KEYS)
def test_a_stream_depends_on_its_key_alone(first, second):
    assume(first != second)
    before = numbers(*first)
    other = numbers(*second)
    assert torch.equal(numbers(*first), before)
    assert not torch.equal(other, before)


@given(first=KEYS, second=KEYS)
def test_a_numpy_stream_depends_on_its_key_alone(first, second):
    """Two words of 63 bits agree with chance 2^-126."""
    assume(first != second)
    words = [streams.numpy_generator(name, *key).integers(2**63, size=2).tolist() for name, key in (first, second, first)]
    assert words[0] == words[2] != words[1]


@pytest.mark.parametrize(
    ("first", "second"),
    [(("a", ["b", "c"]), ("a", ["bsc"])), (("a", [1]), ("a", ["1"])), (("a", [1, 2]), ("a", [12]))],
)
def test_keys_that_print_alike_name_different_streams(first, second):
    assert not torch.equal(numbers(*first), numbers(*second))


@given(seed=st.integers(0, 2**32 - 1))
def test_seeds_would_collide_on_the_cpu_which_is_why_the_whole_state_is_set(seed):
    """torch keeps the low 32 bits of a CPU seed; were that mended, ``streams`` could be two lines shorter."""
    low, high = (torch.rand(4, generator=torch.Generator().manual_seed(s)) for s in (seed, seed + 2**32))
    assert torch.equal(low, high)


@pytest.mark.sampled
def test_the_whole_state_comes_from_the_key(sampled):
    """Two random 624-word states agree in each word with chance 2^-32."""
    states = [streams.generator(CPU, "state", block).get_state().view(torch.int64)[3:627] for block in (0, 1)]
    assert int((states[0] == states[1]).sum()) <= binom.isf(sampled.alpha(networks=2), 624, 2.0**-32)


@pytest.mark.sampled(checks=2)
@settings(max_examples=10)
@given(seed=st.integers(0, 2**63 - 2))
def test_streams_of_neighbouring_keys_are_uncorrelated(sampled, seed):
    """The product of two independent standard normals has mean 0 and variance 1."""

    def judged(rate, copied):
        check = evidence.plan(0.0, 1.0, shift=0.05, alpha=rate, beta=rate)
        first, second = (numbers("neighbours", [seed + step], check.networks) for step in (0, 1))
        # x^2/sqrt 2 has variance (3 - 1)/2 = 1 as well, but mean 0.7 instead of 0
        return evidence.judge(check, [first * first / math.sqrt(2) if copied else first * second])

    sampled.agrees(lambda alpha: judged(alpha, copied=False))
    sampled.refutes(lambda beta: judged(beta, copied=True))


@pytest.mark.parametrize(
    ("experiment", "key"), [("", []), (3, []), ("a", [True]), ("a", [1.0]), ("a", [None])]
)
def test_a_key_of_other_things_is_refused(experiment, key):
    with pytest.raises(ValueError, match="not"):
        streams.generator(CPU, experiment, *key)
    with pytest.raises(ValueError, match="not"):
        streams.numpy_generator(experiment, *key)


def test_devices_are_resolved_or_refused_with_a_reason(monkeypatch):
    assert devices.resolve("cpu") == CPU
    with pytest.raises(ValueError, match="unknown device 'tpu'"):
        devices.resolve("tpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert devices.resolve("auto") == CPU
    with pytest.raises(RuntimeError, match="no CUDA device"):
        devices.resolve("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert devices.resolve("auto") == devices.resolve("cuda") == torch.device("cuda")
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "1")
    with pytest.raises(RuntimeError, match="unset it"):
        devices.resolve("cuda")


def test_tf32_is_off_inside_recorded_and_restored_outside():
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision("high")
        with devices.full_precision():
            assert torch.get_float32_matmul_precision() == "highest"
            assert not torch.backends.cuda.matmul.allow_tf32
        assert torch.get_float32_matmul_precision() == "high"
        assert devices.record(CPU)["float32_matmul_precision"] == "highest"
    finally:
        torch.set_float32_matmul_precision(before)
