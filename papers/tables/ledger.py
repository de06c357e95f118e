"""The claims ledger: what four papers and their reviews say, and what of it is true.

Reference: the papers', claim by claim.  Every verdict is computed by the claim's settler; here findings are only shortened.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from papers import references
from papers.claims import ledger
from papers.claims.claim import Claim, Verdict
from papers.table import Cell, Column, Table

REVIEWS = "In circulation: reviews of the four papers"
MARKS = {"text": "", "second-hand": "*", "recollected": "†"}  # of a claim's number: how its words are known
MEANINGS = {
    Verdict.CONFIRMED: "true as printed",
    Verdict.IDEALISED: "true under the idealisation named, and behind “without” what holds where it is not made",
    Verdict.ACCURATE: "an approximation, good to so much on such a range",
    Verdict.CORRECTED: "wrong as printed, with what is right",
    Verdict.REFUTED: "false, with a counterexample",
    Verdict.OPEN: "an experiment decides it and has not been made yet",
    Verdict.UNDECIDABLE: "cannot be decided here",
}
SHORT, LONG = 250, 340  # characters of a finding of one part in print, and of one of several
SHORTEST = 150  # of a part of a finding
CUT = " …"
TELLING = ("without: ", "counterexample: ")
_FAMILIAR = {
    r"equal to [\w.]+ \(\w+\): the difference is 0 in normal form": "equal in normal form",
    r"equal in normal form, under": "under",  # this is what idealised means
    r"derived \(under [^()]*\): ": "derived: ",
    r"no theorem speaks of it; ": "",  # the column before says so
    r"\+-": "±",
}
_PART = re.compile(rf"(?:^|; )(?=(?:{'|'.join(Verdict)}): |equal )")


def claims_ledger() -> Table:
    """Every claim, in the order of the papers, under a heading for each."""
    rows: list[tuple[Cell, ...]] = []
    for paper in ledger.PAPERS:
        claims = ledger.of_paper(paper)
        heading = REVIEWS if paper == "reviews" else short_reference(paper)
        rows += [(heading, "", "", "", ""), *map(_row, claims)]
    counts = Counter(claim.finding.verdict for claim in ledger.claims())
    counted = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
    return Table(
        "claims_ledger",
        f"The claims ledger: {counts.total()} claims of four papers and of their reviews, held against theorems and random "
        f"networks ({counted}). Verdicts are computed.",
        (
            Column("claim", width=0.065),
            Column("what is claimed", width=0.225),
            Column("verdict", width=0.14),
            Column("held against", width=0.19),
            Column("finding", width=0.31),
        ),
        tuple(rows),
        (
            "Verdicts: " + "; ".join(f"{verdict}: {MEANINGS[verdict]}" for verdict in Verdict if counts[verdict]) + ".",
            f"{MARKS['second-hand']} The paper's own words were not read: the claim is known through others. "
            f"{MARKS['recollected']} Recollected, without the text at hand.",
            "A finding that ends in … is longer; the report, and 'initium claims --id', have it in full.",
        ),
        long=True,
    )


def short_reference(key: str) -> str:
    """A work as a reader's eye knows it: Glorot and Bengio (2010), He et al. (2015)."""
    work = references.find(key)
    names = [author.split()[-1] for author in work.authors]
    named = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
    return f"{named} ({work.year})"


def _row(claim: Claim) -> tuple[Cell, ...]:
    found = claim.finding
    held = ", ".join(found.theorems) or "no theorem"
    return claim.id + MARKS[claim.mark], claim.says, str(found.verdict), held, short(found.reason)


def short(reason: str) -> str:
    """A finding's reason, shortened: whole clauses of each of its parts where possible, and never half a word."""
    parts = list(dict.fromkeys(_familiar(part) for part in _PART.split(reason) if part))
    room = min(SHORT, max(SHORTEST, LONG // len(parts)))
    return "; ".join(dict.fromkeys(_cut(part, room) for part in parts))


def _familiar(part: str) -> str:
    for said, shorter in _FAMILIAR.items():
        part = re.sub(said, shorter, part)
    return part


def _cut(text: str, room: int) -> str:
    """What fits of a text's clauses; a telling one, which need not be the first, has half of the room at least."""
    clauses = list(dict.fromkeys(_split(text, "; ")))
    at = next((at for at, clause in enumerate(clauses) if at and clause.startswith(TELLING)), len(clauses))
    if len("; ".join(clauses)) <= room or at == len(clauses):
        return _begun(clauses, room)
    tail = min(room // 2, len(clauses[at]))
    head = _begun(clauses[:at], room - tail - len("; ") - len(CUT))
    return f"{head}; {_begun(clauses[at:], room - len(head) - len('; '))}"


def _begun(clauses: Sequence[str], room: int) -> str:
    """The clauses that fit; of the next what stands before a comma; of the first at least some words."""
    kept = ""
    for clause in clauses:
        for at, part in enumerate(_split(clause, ", ")):
            longer = f"{kept}{', ' if at else '; '}{part}" if kept else part
            if len(longer) > room:
                kept = kept or part[: room + 1].rpartition(" ")[0].rstrip(" ,;:(")
                return kept + CUT
            kept = longer
    return kept


def _split(text: str, mark: str) -> Iterator[str]:
    """What stands between marks outside of brackets."""
    depth, clause = 0, ""
    for part in re.split(rf"({mark}|[()])", text):
        depth += {"(": 1, ")": -1}.get(part, 0)
        if part == mark and depth == 0:
            yield clause
            clause = ""
        else:
            clause += part
    yield clause
