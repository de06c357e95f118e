"""How to cite a theorem: in plain text and as a BibTeX entry, with a short hash of its statement and proof."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from numerics.evidence.provenance import theorem_hash
from papers.latex import escape
from theory.proof.theorem import Theorem

SHORT = 12  # hexadecimal digits: two of a million theorems share them with a probability of 2e-3


def short_hash(theorem: Theorem) -> str:
    """The first digits of the hash of what the theorem says and how it is proved."""
    return theorem_hash(theorem)[:SHORT]


def plain(theorem: Theorem, verdict: str) -> str:
    """The citation as one sentence."""
    return f"{_program()}, theorem {theorem.name} ({verdict}; after {theorem.source}), {short_hash(theorem)}."


def bibtex(theorem: Theorem, verdict: str) -> str:
    """The citation as a BibTeX entry."""
    fields = {
        "key": "Initium",
        "title": f"{{{escape(theorem.name)}}}: {escape(theorem.summary.rstrip('.'))}",
        "howpublished": f"{_program()}, a theory workbench for neural-network initialisation",
        "note": f"Theorem {short_hash(theorem)}, {verdict}; after {escape(theorem.source)}",
    }
    lines = "".join(f"  {name:<12} = {{{content}}},\n" for name, content in fields.items())
    return f"@misc{{initium-{theorem.name.replace('.', '-').replace('_', '-')},\n{lines}}}"


def _program() -> str:
    try:
        return f"Initium {version('initium')}"
    except PackageNotFoundError:  # run from its sources
        return "Initium"
