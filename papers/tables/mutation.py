"""The power of the sampled checks, measured: which errors of a formula they find, theorem by theorem.

The numbers are those of a run of ``numerics.checks.mutation.mutate``; they are not recomputed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from numerics.checks.mutation import Resolution
from numerics.checks.specimens import LINE
from papers.table import Cell, Column, Table
from theory.proof.formula_mutants import CHANGE


def resolutions(found: Sequence[Resolution]) -> Table:
    """The mutants of each theorem that matter, how many of them were refuted, and the smallest effect that was."""
    line, change = f"{LINE:.0%}", f"{float(CHANGE):.0%}"
    return Table(
        "mutation",
        "The resolution of the sampled checks. Each formula is changed at one place: a constant or an exponent by "
        f"{change}, a width or an index by one, one parameter or neighbouring layer for another, a term dropped. A change "
        f"that moves the theorem's value by {line} or more at some parameters must be refuted by a check; the resolution is "
        "the smallest relative change of the value that was.",
        (
            Column("theorem"),
            Column("above", f"mutants, line at {line}", decimals=0),
            Column("below", f"mutants, line at {line}", decimals=0),
            Column("refuted", decimals=0),
            Column("resolution, %", significant=3),
        ),
        tuple(map(_row, found)),
        (
            "Below: at all parameters tried, those of the checks and a pool drawn from the domains; changes that leave no "
            "value are not counted.",
            "On the same samples, and as sharply, each check agrees with the formula itself."
            if not any(each.controls for each in found)
            else "Checks that do not agree with the formula itself refute nothing: "
            + "; ".join(failure for each in found for failure in each.controls),
        ),
    )


def _row(each: Resolution) -> tuple[Cell, ...]:
    killed, survived, below = (len(each.having(fate)) for fate in ("killed", "survived", "below"))
    smallest: Cell = "" if each.resolution is None else Decimal(repr(100 * each.resolution))
    return each.theorem, Decimal(killed + survived), Decimal(below), Decimal(killed), smallest
