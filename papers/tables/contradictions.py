"""Where two papers want different initialisations: what each of the two does to what the other keeps.

Reference: those of ``papers.claims.contradictions``, which computes the numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from papers.claims import contradictions
from papers.claims.contradictions import DEPTH, SCALE, Contradiction, length_or_logarithm, residual_scales
from papers.table import Column, Table
from papers.tables.ledger import short_reference
from papers.tables.notes import exact, held, resting_on
from theory.symbols import L, N

LENGTH, LOGARITHM, GAIN = "failure_modes.mean_length", "failure_modes.log_length_mean", "random_walk.relu_gain"
NORMALIZED, MODULES = "shattering.normalized_forward_variance", "failure_modes.resnet_mean_length"
RATIO = "M_d/M_0"  # the squared length, over that of the input


def gains() -> Table:
    """He's gain against the random-walk gain, in rectifier networks of finite width."""
    found = length_or_logarithm()
    rows = list(_columns(found, "width", "gain of", "gain", "E M_d/M_0", "typical M_d/M_0"))
    return Table(
        "contradictions_gains",
        (
            f"{_between(found)}: {found.about}. The squared length {RATIO} over {DEPTH} rectifier layers of width ", N,
            " without biases at the gain of either: its mean over networks, and its typical value.",
        ),
        (
            Column(N, decimals=0),
            Column("gain of"),
            Column("gain", decimals=5),
            Column("mean", RATIO, significant=3),
            Column("typical", RATIO, significant=3),
        ),
        tuple(
            (
                Decimal(width),
                short_reference(of),
                exact(gain, GAIN) if of == "sussillo2014" else held(Decimal(gain), contradictions, "length_or_logarithm"),
                exact(mean, LENGTH),
                exact(typical, LOGARITHM),
            )
            for width, of, gain, mean, typical in rows
        ),
        ("Typical: the exponential of the mean logarithm, given that no layer is dead.", *_served(found)),
    )  # fmt: skip


def scales() -> Table:
    """One residual scale for all depths against scales of a bounded sum."""
    found = residual_scales()
    rows = _columns(found, "modules L", "scale", "batch-normalised", "ends in linear layer", "ends in rectifier")
    return Table(
        "contradictions_scales",
        (
            f"{_between(found)}: {found.about}. The mean squared length over ", L, " residual modules, over that of the "
            f"input, with the scale {SCALE} in every module and with one that falls with the depth.",
        ),
        (
            Column(L, decimals=0),
            Column("scale"),
            Column("batch-normalised", significant=3),
            Column("linear layer", "modules that end in a", significant=3),
            Column("rectifier", "modules that end in a", significant=3),
        ),
        tuple(
            (
                Decimal(modules),
                scale,
                exact(normalised, NORMALIZED) if normalised else "",
                *(exact(length, MODULES) for length in lengths),
            )
            for modules, scale, normalised, *lengths in rows
        ),
        _served(found),
    )  # fmt: skip


def _columns(found: Contradiction, *names: str) -> Iterator[tuple[str, ...]]:
    """The rows, in the columns of these names."""
    places = [found.columns.index(name) for name in names]
    return (tuple(row[at] for at in places) for row in found.rows)


def _between(found: Contradiction) -> str:
    sides = [[short_reference(key) for key in side.split(", ")] for side in found.between.split(" | ")]
    return " against ".join(" and ".join(side) for side in sides)


def _served(found: Contradiction) -> tuple[str, ...]:
    return f"{found.serves[0].upper()}{found.serves[1:]}.", *resting_on(found.theorems)
