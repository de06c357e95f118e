"""Claims of Balduzzi et al. (2017)."""

from __future__ import annotations

from papers.claims.claim import Claim

CLAIMS: tuple[Claim, ...] = ()
