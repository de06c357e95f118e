"""From a plan through sums to a verdict: the same four steps for every kind of evidence.

    plan        says, before a draw, what would be refuted wrongly, what found surely, and how many networks that takes;
    summarise   turns a block of samples into sums, which are small, mergeable, and all that is ever kept;
    merge       adds the sums of two sets of samples;
    conclude    compares one statistic of the sums with one threshold of the plan.

A kind of evidence is a ``Plan`` with three methods; its module derives its inequalities.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from numerics.statistics import Moments, merge_moments
from theory.proof.shown import Facts, Page, Shown

Verdict = Literal["agrees", "refuted", "undecided"]
Values = NDArray[np.float64]
Readings = tuple[float, float, float]  # estimate, standard error, z-score; NaN for one that does not exist


@dataclass(frozen=True)
class Sums:
    """What is kept of samples: their usable ``count``, how many were ``excluded`` (NaN), and what the kind needs.

    ``totals`` add when samples are merged; ``moments`` merge; ``samples`` are kept as they are, a tuple a sampler, by
    the one kind that cannot do without.
    """

    count: int = 0
    excluded: int = 0
    totals: tuple[float, ...] = ()
    moments: Moments = field(default_factory=Moments)
    samples: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Plan(ABC):
    """What a check promises before it draws; a subclass is a kind of evidence.

    A true claim is refuted with probability at most ``alpha``; a claim wrong by ``shift`` or more passes with
    probability at most ``beta``; ``kind`` says of what: a "mean", a "law", ... ``networks``: usable samples this needs.
    The claim is refuted if the statistic exceeds ``threshold``. ``budget``: the most samples that may be drawn.
    ``condition``: in words, what a sample that is not NaN fulfils; empty where every sample counts and NaN is an
    error. ``hint``: what to do instead where the budget is too small; empty where nothing is known.
    """

    alpha: float
    beta: float
    shift: float
    networks: int
    threshold: float
    budget: int
    condition: str = ""
    hint: str = ""

    kind: ClassVar[str]
    columns: ClassVar[bool] = False  # whether a sample is a row of numbers instead of one number

    @property
    def feasible(self) -> bool:
        """Whether the needed networks fit into the budget."""
        return self.networks <= self.budget

    @abstractmethod
    def sums(self, usable: Values) -> Sums:
        """The sums of at least one usable sample."""

    @abstractmethod
    def statistic(self, sums: Sums) -> float:
        """What is compared with the threshold; ``sums`` has at least one sample."""

    @abstractmethod
    def readings(self, sums: Sums) -> Readings:
        """Estimate, standard error, z-score, to be read; ``sums`` has at least one sample."""


@dataclass(frozen=True)
class Evidence(Shown):
    """What a check found: the ``verdict`` rests on |``statistic``| > ``threshold`` alone.

    ``estimate``, ``standard_error``, ``z_score`` are to read, NaN where they do not exist. ``shift`` is the smallest
    error that is found except with probability ``beta``; ``kind`` says of what: a "mean", a "law", ... ``networks``
    are usable samples, ``excluded`` those outside the ``condition``; ``reason`` says why a verdict is undecided.
    """

    verdict: Verdict
    reason: str
    estimate: float
    standard_error: float
    z_score: float
    statistic: float
    threshold: float
    alpha: float
    beta: float
    shift: float
    networks: int
    excluded: int
    condition: str
    seconds: float
    kind: str = "mean"

    def _page(self) -> Page:
        return Page(self.verdict, (Facts(tuple(self.facts())),))

    def facts(self) -> Iterator[tuple[str, str]]:
        """What it says, each with its label, in words."""
        if not math.isnan(self.estimate):
            error = "" if math.isnan(self.standard_error) else f" ± {self.standard_error:.2g}"
            score = "" if math.isnan(self.z_score) else f" (z {self.z_score:.2g})"
            yield "estimate", f"{self.estimate:.6g}{error}{score}"
        yield "refutes what is true", f"with probability {self.alpha:.2g} at most"
        error = f"of the {self.kind} by {self.shift:.2g} or more"
        yield "misses an error", f"{error} with probability {self.beta:.2g} at most"
        yield "networks", f"{self.networks:,}"
        if self.condition:
            yield "condition", f"{self.condition} ({self.excluded:,} excluded)"
        if self.reason:
            yield "undecided", self.reason


def summarise(plan: Plan, values: Any) -> Sums:
    """The sums of one block of samples: float64 of shape (B,), or (B, k) for kinds that compare k numbers a network.

    A sample with a NaN is excluded if the plan has a condition; otherwise it is a ValueError, as an infinity is.
    """
    block = _block(plan, values)
    missing = _missing(block)
    if np.isinf(block).any() or (missing.any() and not plan.condition):
        raise ValueError("a sample is infinite, or NaN in a check without a condition; plan it with one.")
    usable = block[~missing]
    return replace(plan.sums(usable) if len(usable) else Sums(), excluded=int(missing.sum()))


def merge(first: Sums, second: Sums) -> Sums:
    """The sums of both sets of samples together."""
    return Sums(
        first.count + second.count,
        first.excluded + second.excluded,
        tuple(a + b for a, b in zip_longest(first.totals, second.totals, fillvalue=0)),
        merge_moments(first.moments, second.moments),
        tuple(a + b for a, b in zip_longest(first.samples, second.samples, fillvalue=())),
    )


def conclude(plan: Plan, sums: Sums, seconds: float = 0.0) -> Evidence:
    """The verdict on a plan's claim; with fewer samples than planned it is "undecided"."""
    reason, statistic = "", plan.statistic(sums) if sums.count else 0.0
    verdict: Verdict = "refuted" if abs(statistic) > plan.threshold else "agrees"
    if not plan.feasible:
        hint = f"; {plan.hint}" if plan.hint else ""
        reason = f"needs {plan.networks:.2g} networks, but the budget is {plan.budget:.2g}{hint}"
    elif sums.count < plan.networks:
        reason = f"drew {sums.count} usable networks ({sums.excluded} excluded), but needs {plan.networks}"
    readings = plan.readings(sums) if sums.count else (math.nan,) * 3
    return Evidence(
        "undecided" if reason else verdict, reason, *readings, statistic, plan.threshold, plan.alpha, plan.beta,
        plan.shift, sums.count, sums.excluded, plan.condition, seconds, plan.kind,
    )  # fmt: skip


def judge(
    plan: Plan,
    blocks: Iterable[Any],
    *,
    start: Sums = Sums(),
    seconds: float = 0.0,
    keep: Callable[[Sums, float], object] = lambda sums, seconds: None,
) -> Evidence:
    """Draw from ``blocks`` until the plan's number of usable samples is there, and give the verdict.

    ``blocks`` yields float64 arrays (NumPy or torch on the CPU); it is not touched where the plan exceeds its budget.
    Samples beyond the planned number are dropped, so the test has the size that was declared, and blocks are merged
    in their order alone, so the sums do not depend on interruptions: ``start`` and ``seconds`` are what earlier blocks
    gave and took, and ``keep`` is told the sums and seconds so far after each block. With fewer usable samples than
    planned the verdict is "undecided". Raises ValueError as ``summarise`` does.
    """
    began, sums, source = time.perf_counter() - seconds, start, iter(blocks)
    while plan.feasible and sums.count < plan.networks and (room := plan.budget - sums.count - sums.excluded) > 0:
        if (block := next(source, None)) is None:
            break
        values = _first_usable(_block(plan, block)[:room], plan.networks - sums.count)
        sums = merge(sums, summarise(plan, values))
        keep(sums, time.perf_counter() - began)
    return conclude(plan, sums, time.perf_counter() - began)


def _block(plan: Plan, block: Any) -> Values:
    values: Values = np.asarray(block)
    if values.ndim != 1 + plan.columns or values.dtype != np.float64:
        shape = "matrix with a row a sample" if plan.columns else "vector"
        raise ValueError(f"a block must be a float64 {shape}, not {values.dtype} of shape {values.shape}.")
    return values


def _missing(block: Values) -> NDArray[np.bool_]:
    missing: NDArray[np.bool_] = np.logical_or.reduce(np.isnan(block), axis=tuple(range(1, block.ndim)))
    return missing


def _first_usable(values: Values, count: int) -> Values:
    """The start of ``values`` that ends with the ``count``-th usable sample, or all if there are fewer."""
    usable = np.flatnonzero(~_missing(values))
    return values if usable.size < count else values[: usable[count - 1] + 1]
