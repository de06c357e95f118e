"""Claims of secondary reviews of the four papers."""

from __future__ import annotations

from papers.claims.claim import Claim
from papers.claims.fluctuations import deeper_is_calmer
from papers.claims.properties import proposition

PAPER = "reviews"
CLAIMS: tuple[Claim, ...] = (
    Claim(
        *("R-07", PAPER, "second-hand"),
        "The second failure mode is avoided by letting the depth grow linearly with the width.",
        proposition(deeper_is_calmer),
        note="On the line depth = c width itself E M_d^2 stays below e^(5c) M_0^2, because that line is the same as width = "
        "depth/c, which is the condition of the paper.",
    ),
)
