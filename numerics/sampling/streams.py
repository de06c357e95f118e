"""Streams of random numbers: a key (experiment, block, ...) names a generator, and nothing else does.

Result: the numbers a key gives do not depend on which other keys were used, in which order, or by how many
workers, so any block can be computed again alone. Samples on the CPU and on CUDA agree in law, never bit by
bit.

A key is encoded without ambiguity (each part with its type and its length) and hashed by SHAKE-256. On CUDA,
8 bytes of the hash are the 64-bit seed of Philox. On the CPU torch keeps only the *low 32 bits* of a seed
(keys would collide after some 65 000 streams, by the birthday bound), so there the hash fills the whole
624-word state of its Mersenne Twister. NumPy's Philox takes 16 bytes as they are.

Assumption: streams of different keys behave as independent; no generator can promise more.
"""

from __future__ import annotations

import functools
import hashlib

import numpy as np
import torch

_STATE_WORDS = 624  # 32-bit words of a Mersenne Twister (matsumoto1998)
_STATE_START = 3  # torch keeps (seed), (left, seeded), (next) before them, each in 64 bits


def generator(device: torch.device, experiment: str, *key: int | str) -> torch.Generator:
    """A fresh generator on ``device`` for the stream named ``(experiment, *key)``.

    Raises ValueError for an empty experiment name and for a part that is neither a string nor an integer.
    """
    stream = torch.Generator(device=device)
    if device.type != "cpu":
        return stream.manual_seed(int.from_bytes(_hashed(experiment, key, 8), "little"))
    state = _cpu_state().copy()
    words = np.frombuffer(_hashed(experiment, key, 4 * _STATE_WORDS), dtype="<u4")
    state[_STATE_START : _STATE_START + _STATE_WORDS] = words
    return stream.set_state(torch.from_numpy(state.view(np.uint8)))


def numpy_generator(experiment: str, *key: int | str) -> np.random.Generator:
    """A fresh NumPy generator for the stream named ``(experiment, *key)``; raises as ``generator`` does."""
    return np.random.Generator(np.random.Philox(key=int.from_bytes(_hashed(experiment, key, 16), "little")))


def _hashed(experiment: str, key: tuple[int | str, ...], size: int) -> bytes:
    """``size`` bytes that the whole key decides."""
    if not isinstance(experiment, str) or not experiment:
        raise ValueError(f"an experiment is named by a non-empty string, not {experiment!r}.")
    return hashlib.shake_256(_encoded((experiment, *key))).digest(size)


def _encoded(parts: tuple[int | str, ...]) -> bytes:
    """Bytes that differ whenever the parts differ: type, length, content of each."""
    pieces = []
    for part in parts:
        if type(part) not in (int, str):  # a bool would be taken for 0 or 1
            raise ValueError(f"the parts of a stream's key are strings and integers, not {part!r}.")
        content = str(part).encode()
        pieces.append(f"{'i' if isinstance(part, int) else 's'}{len(content)}:".encode() + content)
    return b"".join(pieces)


@functools.cache
def _cpu_state() -> np.ndarray:
    """The state of a fresh CPU generator as 64-bit words, once its layout is seen to be the known one."""
    first_words = [5489, 1301868182]  # the reference implementation's default seed and what follows from it
    state = torch.Generator(device="cpu").manual_seed(first_words[0]).get_state().numpy().view(np.uint64)
    if state[_STATE_START : _STATE_START + 2].tolist() != first_words:
        raise RuntimeError(f"torch {torch.__version__} keeps its CPU generator otherwise; use torch 2.4 to 2.13.")
    return state
