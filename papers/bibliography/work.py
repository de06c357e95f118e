"""What is known of a work: BibTeX's fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["article", "inproceedings", "incollection", "book", "techreport", "misc"]


@dataclass(frozen=True)
class Work:
    """One work; its title is in sentence case, as `plain` prints articles, and names are "First von Last".

    venue: the journal, the proceedings, the publisher or the institution, by kind; where it is empty, the work is on
    arXiv or at an address.  pages: "first-last".  doi, arxiv: the identifiers alone; page: an address without them.
    publisher: of an `incollection`.
    """

    key: str
    kind: Kind
    authors: tuple[str, ...]
    title: str
    year: int
    venue: str = ""
    series: str = ""
    volume: str = ""
    number: str = ""
    edition: str = ""
    pages: str = ""
    doi: str = ""
    arxiv: str = ""
    page: str = ""
    publisher: str = ""
