"""The ledger: every claim of the four papers and of their reviews, in order."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module

from papers.claims.claim import Claim

PAPERS = ("glorot2010", "sussillo2014", "balduzzi2017", "hanin2018start", "reviews")
_NUMBERS = {
    "G": (*range(1, 4), *range(5, 10), *range(12, 19), *range(20, 26)),
    "S": range(1, 15),
    "B": range(1, 21),
    "H": range(1, 14),
    "R": range(1, 12),
}
IDS = tuple(f"{paper}-{number:02}" for paper, numbers in _NUMBERS.items() for number in numbers)


class UnknownClaim(KeyError):
    """No claim has the id asked for, or no paper the key; the message suggests near ones."""

    def __str__(self) -> str:
        return str(self.args[0])


@cache
def claims() -> tuple[Claim, ...]:
    """All claims, in the order of the papers."""
    return tuple(claim for paper in PAPERS for claim in import_module(f"papers.claims.{paper}").CLAIMS)


def find(id: str) -> Claim:
    """The claim of an id; UnknownClaim suggests near ids."""
    by_id = {claim.id: claim for claim in claims()}
    if id not in by_id:
        raise UnknownClaim(f"there is no claim {id}{_near(id.upper(), tuple(by_id))}")
    return by_id[id]


def of_paper(key: str) -> tuple[Claim, ...]:
    """The claims of a paper by its key, or those of the reviews; UnknownClaim suggests near keys."""
    if key not in PAPERS:
        raise UnknownClaim(f"there are no claims of {key}{_near(key, PAPERS)}")
    return tuple(claim for claim in claims() if claim.paper == key)


def _near(name: str, names: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}?" if near else "; 'initium claims' shows all"
