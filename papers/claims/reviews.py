"""Claims of secondary reviews of the four papers."""

from __future__ import annotations

from papers.claims.claim import Claim

CLAIMS: tuple[Claim, ...] = ()
