"""A claim that a paper prints, and what came of holding it against the theory.

A claim's file says what was printed and which settler judges it; the settler computes the finding, and no file but the
settlers' names a verdict.  The printed expression is handed to the settler, so that a changed one can be judged too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Literal

import sympy as sp

from theory.proof.shown import Page, Shown

NOTHING = sp.Tuple()  # printed by claims that are words alone


class Verdict(StrEnum):
    """What came of a claim."""

    CONFIRMED = "confirmed"  # true as printed
    IDEALISED = "idealised"  # true under an idealisation; the finding carries the gap without it
    ACCURATE = "accurate-to"  # an approximation, good to so much on such a range
    CORRECTED = "corrected"  # wrong as printed; the finding carries what is right
    REFUTED = "refuted"  # false, with a counterexample
    OPEN = "open"  # an experiment of this project decides it and has not yet
    UNDECIDABLE = "undecidable"  # cannot be decided here


@dataclass(frozen=True)
class Point:
    """Both sides at one place: `where` in words, the numbers as text; `printed` is empty where words were printed."""

    where: str
    printed: str
    derived: str


@dataclass(frozen=True)
class Finding(Shown):
    """What a settler found.  `reason` is one line that stands alone.

    theorems: those held against the claim.  derived: what is right, as an expression.  factor: printed over derived.
    points: telling points.  evidence: measured or counted facts, a sentence each.
    """

    verdict: Verdict
    reason: str
    theorems: tuple[str, ...] = ()
    derived: sp.Basic | None = None
    factor: sp.Basic | None = None
    points: tuple[Point, ...] = ()
    evidence: tuple[str, ...] = ()

    def _page(self) -> Page:
        from papers.claims_view import finding_page

        return finding_page(self)


Settler = Callable[[sp.Basic], Finding]


@dataclass(frozen=True)
class Claim(Shown):
    """One statement of one paper.

    paper: the BibTeX key.  mark: whether the paper's own words were read ("text"), or it is known through others.
    says: one short sentence that restates it.  printed: the expression in print, a Tuple where there are several.
    note: what a reader should know beside the finding.
    """

    id: str
    paper: str
    mark: Literal["text", "second-hand", "recollected"]
    says: str
    settle: Settler
    printed: sp.Basic = NOTHING
    note: str = ""

    @cached_property
    def finding(self) -> Finding:
        """The finding for what was printed, computed once."""
        return self.settle(self.printed)

    def _page(self) -> Page:
        from papers.claims_view import claim_page

        return claim_page(self)
