"""The power of the sampled checks, measured: which errors of a formula they find, theorem by theorem.

The numbers are those of runs of ``numerics.checks.mutation.mutate``; they are not recomputed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from numerics.checks.mutation import checked
from numerics.checks.resolution import Resolved, recalled
from numerics.checks.specimens import LINE
from numerics.evidence.kept import Kept
from papers.table import Cell, Column, Number, Source, Table
from theory.proof.formula_mutants import CHANGE

UNMEASURED = "–"
NOT_MEASURED = f"{UNMEASURED} not measured by the present code; 'initium mutate' measures it."
DIGITS = 6  # of a resolution: the values of mutants are computed to more


def resolution_table() -> Table:
    """Every theorem with checks of its value: what is known of their resolution."""
    return resolutions([(name, *_known(recalled(name))) for name in checked()])


def _known(found: tuple[Resolved, Kept] | None) -> tuple[Resolved | None, Source | None]:
    return (None, None) if found is None else (found[0], source(found[1]))


def source(kept: Kept) -> Source:
    """A kept resolution as the source of numbers."""
    return Source(kept.name, "measurement", kept.digest)


def resolutions(found: Sequence[tuple[str, Resolved | None, Source | None]]) -> Table:
    """The mutants of each theorem that matter, how many of them were refuted, and the smallest effect that was.

    A theorem has nothing but its name where it was not measured.
    """
    line, change = f"{LINE:.0%}", f"{float(CHANGE):.0%}"
    failures = [failure for _, each, _ in found if each for failure in each.controls]
    controls = (
        "On the same samples, and as sharply, each check agrees with the formula itself."
        if not failures
        else f"Checks that do not agree with the formula itself refute nothing: {'; '.join(failures)}"
    )
    return Table(
        "mutation",
        "The resolution of the sampled checks. Each formula is changed at one place: a constant or an exponent by "
        f"{change}, a width or an index by one, one parameter or neighbouring layer for another, a term dropped. A change "
        f"that moves the theorem's value by {line} or more at some parameters must be refuted by a check; the resolution is "
        "the smallest relative change of the value that was.",
        (
            Column("theorem", width=0.5),
            Column("above", f"mutants, line at {line}", decimals=0),
            Column("below", f"mutants, line at {line}", decimals=0),
            Column("refuted", decimals=0),
            Column("resolution, %", significant=3),
        ),
        tuple(_row(*each) for each in found),
        (
            "Below: at all parameters tried, those of the checks and a pool drawn from the domains; changes that leave no "
            "value are not counted.",
            controls,
            *([NOT_MEASURED] if any(each is None for _, each, _ in found) else []),
        ),
        long=True,
    )


def _row(name: str, found: Resolved | None, source: Source | None) -> tuple[Cell, ...]:
    if found is None or source is None:
        return name, *(UNMEASURED,) * 4
    counts = (Number(Decimal(count), source) for count in (found.above, found.below, found.killed))
    return name, *counts, percent(found, source)


def percent(found: Resolved, source: Source) -> Cell:
    """A resolution in percent; "none" where nothing was refuted."""
    if found.resolution is None:
        return "none"
    return Number(Decimal(f"{100 * found.resolution:.{DIGITS}g}"), source)
