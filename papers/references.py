"""Citations: from a source such as "hanin2018start, theorem 6; he2015" to LaTeX, links and the `.bib` file.

A source names works by their keys, each with a place in it or, for one of the four papers, the id of a claim of the ledger.
"Initium" (what is proved first here) and "reviews" (claims in circulation) name no work.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from papers.bibliography import WORKS, Work
from papers.files import write_text

OWN = ("Initium", "reviews")
FILE = "references.bib"
_KEY = re.compile(r"\b[a-z]{2,}(?:18|19|20)[0-9]{2}[a-z]*\b")
_CLAIM = re.compile(r"[A-Z]-[0-9]{2}")
_VENUE = {
    **{"article": "journal", "inproceedings": "booktitle", "incollection": "booktitle", "book": "publisher"},
    **{"techreport": "institution", "misc": "howpublished"},
}
_IDENTIFIER = re.compile(r"[A-Za-z0-9./:()_-]*")
_ACCENT = re.compile(r"\\[`'^~\"rcv]\{[A-Za-z]\}")


class UnknownWork(KeyError):
    """The bibliography has no work of the key asked for; the message suggests near ones."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Citation:
    """A work by its key, and the place in it or the claim of the ledger that is meant; either may be empty."""

    key: str
    locator: str = ""
    claim: str = ""


@cache
def _by_key() -> dict[str, Work]:
    return {work.key: work for work in WORKS}


def find(key: str) -> Work:
    """The work of a key; raises UnknownWork, which suggests near keys."""
    if key not in _by_key():
        near = difflib.get_close_matches(key, _by_key(), n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "add it to papers/bibliography."
        raise UnknownWork(f"the bibliography has no work {key}; {hint}")
    return _by_key()[key]


def citations(source: str) -> tuple[Citation, ...]:
    """What a source cites, in order: "key, place; key, place; ...".  Raises UnknownWork for a key without a work."""
    return tuple(_citation(part) for part in _parts(source) if part not in OWN)


def _parts(source: str) -> list[str]:
    return [part.strip() for part in source.split(";")]


def _citation(part: str) -> Citation:
    key, _, place = (text.strip() for text in part.partition(","))
    find(key)
    return Citation(key, claim=place) if _CLAIM.fullmatch(place) else Citation(key, place)


def keys_in(text: str) -> tuple[str, ...]:
    """Everything in a text that has the form of a key, in order, each once."""
    return tuple(dict.fromkeys(_KEY.findall(text)))


# --- for people -----------------------------------------------------------------------------------


def as_text(key: str) -> str:
    """The reference on one line; raises UnknownWork."""
    work = find(key)
    *others, last = work.authors
    authors = f"{', '.join(others)} and {last}" if others else last
    stop = "" if work.title.endswith("?") else "."
    edition = _with(", volume ", work.volume) + _with(", ", work.edition.lower(), " edition")
    return f"{authors}. {work.title}{edition if work.kind == 'book' else ''}{stop} {_place(work)}, {work.year}."


def _with(before: str, part: str, after: str = "") -> str:
    """A part of a reference with what stands around it, or nothing where there is no such part."""
    return f"{before}{part}{after}" if part else ""


def _place(work: Work) -> str:
    """Where a work appeared, without the year."""
    pages = work.pages.replace("-", "–")
    if work.kind == "article":
        return f"{work.venue} {work.volume}{_with('(', work.number, ')')}{_with(', ', pages)}"
    if work.kind in ("inproceedings", "incollection"):
        volume = _with(", volume ", work.volume) + _with(" of ", work.series)
        return f"In {work.venue}{volume}{_with(', pages ', pages)}"
    if work.kind == "techreport":
        return f"Technical report {work.number}, {work.venue}"
    return work.venue or _elsewhere(work)


def _elsewhere(work: Work) -> str:
    """Where to find a work that no journal or publisher printed."""
    return f"arXiv:{work.arxiv}" if work.arxiv else work.page


def link(key: str) -> str:
    """An address of the work, the publisher's where it is known; empty where none is.  Raises UnknownWork."""
    work = find(key)
    if work.doi:
        return f"https://doi.org/{work.doi}"
    return f"https://arxiv.org/abs/{work.arxiv}" if work.arxiv else work.page


# --- for LaTeX ------------------------------------------------------------------------------------


def as_cite(source: str) -> str:
    r"""A source as LaTeX: "\cite[theorem 6]{hanin2018start}; \cite{he2015}".  Raises UnknownWork."""
    from papers.latex import escape

    return "; ".join(escape(part) if part in OWN else _cite(_citation(part)) for part in _parts(source))


def _cite(citation: Citation) -> str:
    from papers.latex import escape

    place = f"[{{{escape(citation.locator)}}}]" if citation.locator else ""  # the braces keep a "]" inside
    return rf"\cite{place}{{{citation.key}}}" + (f" (claim {escape(citation.claim)})" if citation.claim else "")


def bibtex() -> str:
    """The bibliography as a `.bib` file, its entries in the order of their keys."""
    return "\n".join(entry(work) for work in sorted(WORKS, key=lambda work: work.key))


def write(folder: Path) -> list[Path]:
    """Write the .bib file into `folder`; raises NotHad where it cannot be written."""
    return [write_text(folder / FILE, bibtex())]


def entry(work: Work) -> str:
    """One entry of the `.bib` file."""
    fields = {
        "author": " and ".join(map(_author, work.authors)),
        "title": _field(work.title) if work.kind == "book" else _title(work.title),
        _VENUE[work.kind]: _field(work.venue or _elsewhere(work)),
        "series": _field(work.series),
        "volume": _field(work.volume),
        "number": _field(work.number),
        "edition": _field(work.edition),
        "pages": _field(work.pages).replace("-", "--"),
        **({"publisher": _field(work.publisher)} if work.publisher else {}),
        "year": str(work.year),
        "doi": _identifier(work.doi),
        "archiveprefix": "arXiv" if work.arxiv else "",
        "eprint": _identifier(work.arxiv),
    }
    lines = [f"  {name} = {{{content}}},\n" for name, content in fields.items() if content]
    return f"@{work.kind}{{{work.key},\n{''.join(lines)}}}\n"


def _field(text: str) -> str:
    r"""Words for a field of BibTeX, which counts braces even behind a backslash and reads {\'e} as one letter."""
    from papers.latex import escape

    balanced = escape(text).replace(r"\{", r"\textbraceleft{}").replace(r"\}", r"\textbraceright{}")
    return _ACCENT.sub(lambda accent: f"{{{accent[0]}}}", balanced)


def _author(name: str) -> str:
    """A name; braces keep BibTeX from taking one with a comma or an "and" apart."""
    return f"{{{_field(name)}}}" if re.search(r",|\sand\s", name) else _field(name)


def _title(title: str) -> str:
    """A title; braces keep the capitals that a style would lower, all but the first letter."""
    words = (_protected(word, at == 0) for at, word in enumerate(title.split()))
    return " ".join(words)


def _protected(word: str, opens: bool) -> str:
    if word[opens:] == word[opens:].lower():
        return _field(word)
    bare = word.strip("():,.?")
    before, after = word.split(bare, 1)
    return f"{_field(before)}{{{_field(bare)}}}{_field(after)}"


def _identifier(text: str) -> str:
    """A DOI or the like, which stays as it is; raises ValueError where BibTeX could not read it so."""
    if not _IDENTIFIER.fullmatch(text):
        raise ValueError(f"{text!r} is no identifier; it may have letters, digits and ./:()_- only, so write it so.")
    return text
