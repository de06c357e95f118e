"""Networks come in blocks: the unit of randomness, of memory and of resumption.

A block's size is a fact of the ensemble and the sampler, never a setting, because blocks define the sample: block 7
has the same networks for whoever draws it, alone or after six others. On the CPU as many blocks are drawn at a time as
torch may use threads: torch fills memory with random numbers on one thread only. Memory is that of those blocks,
however many networks are asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor

from numerics.ensembles import Network
from numerics.sampling import devices

BLOCK_FLOATS = 2**25  # numbers held by a block: 128 MiB in float32, so that drawing outweighs the launches of a layer
BLOCK_NETWORKS = 2**12  # networks of a block: where they are tiny, drawing too many stays cheap

Drawn = TypeVar("Drawn")


def size(floats: int) -> int:
    """Networks in a block, where one network holds so many numbers."""
    return max(1, min(BLOCK_NETWORKS, BLOCK_FLOATS // floats))


def require(refusal: str, block: int) -> None:
    """Raise ValueError with a sampler's ``refusal`` if there is one, and for a block that has no number."""
    if refusal:
        raise ValueError(refusal)
    if not isinstance(block, int) or isinstance(block, bool) or block < 0:
        raise ValueError(f"a block is numbered by an integer >= 0, not {block!r}.")


def sampler(draw: Callable[..., Drawn], block_size: Callable[[Network], int]) -> Callable[..., Iterator[Tensor]]:
    """The ``sample`` of a sampler that knows how to ``draw`` a block of ``block_size(network)`` networks."""

    def sample(
        network: Network,
        networks: int,
        *,
        experiment: str,
        measure: Callable[[Drawn], Tensor],
        device: str = "auto",
        first: int = 0,
    ) -> Iterator[Tensor]:
        """The measured values of the networks of an experiment, as ``blocks.measured`` gives them."""
        drawn = partial(draw, network, experiment=experiment, device=device)
        yield from measured(drawn, block_size(network), networks, measure, first=first, device=device)

    return sample


def measured(
    draw: Callable[[int], Drawn],
    size: int,
    networks: int,
    measure: Callable[[Drawn], Tensor],
    *,
    first: int,
    device: str,
) -> Iterator[Tensor]:
    """The measured values of the first ``networks`` networks, block by block from block ``first`` on.

    ``measure`` maps what ``draw`` gives for a block to a float64 tensor, (size,) or (size, k); NaN marks a network that
    does not meet the condition of a check (``numerics.evidence`` counts it apart). Yielded tensors are float64 on the
    CPU; a shorter run is a prefix of a longer one. Raises ValueError for a count below 1, and for a measure of another
    shape or dtype.
    """
    if not isinstance(networks, int) or isinstance(networks, bool) or networks < 1:
        raise ValueError(f"the number of networks must be a positive integer, not {networks!r}.")

    def values(block: int) -> Tensor:
        found = measure(draw(block))
        if not isinstance(found, Tensor) or found.dtype != torch.float64 or found.shape[:1] != (size,):
            raise ValueError(
                f"a measure must return a float64 tensor of shape ({size},) or ({size}, k), a row a network."
            )
        return found[: networks - block * size].cpu()

    wanted = range(first, -(-networks // size))
    workers = torch.get_num_threads() if devices.resolve(device).type == "cpu" else 1
    yield from map(values, wanted) if workers == 1 else _in_order(values, wanted, workers)


def _in_order(function: Callable[[int], Tensor], arguments: range, workers: int) -> Iterator[Tensor]:
    """``map``, on threads that work at most one block each ahead of what is asked for."""
    waiting: deque[Future[Tensor]] = deque()
    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as threads:
        try:
            for argument in arguments:
                waiting.append(threads.submit(function, argument))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
