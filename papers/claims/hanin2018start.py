"""Claims of Hanin and Rolnick (2018)."""

from __future__ import annotations

from papers.claims.claim import Claim

CLAIMS: tuple[Claim, ...] = ()
