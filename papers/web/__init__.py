"""The report as one HTML file that a browser shows without network: the ledger of claims, every theorem with its proof and
evidence, tables, figures.

Everything is taken from the objects that were judged.  All text is escaped by jinja2; formulas are MathML.  The file loads
nothing: its Content-Security-Policy admits its own style and script by their hashes, and images inside it.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from papers.bibliography import WORKS, Work
from papers.claims.claim import Claim
from papers.claims.contradictions import Contradiction
from papers.files import write_text
from papers.references import as_text
from papers.table import Table
from papers.web import plot, words
from papers.web.claims import by_paper, verdict_table
from papers.web.tables import Shown, cell, shown, table
from papers.web.theorems import by_subject, entries, in_order, step_counts
from theory.proof.theorem import Theorem

if TYPE_CHECKING:
    from jinja2 import Template

    from numerics.checks import Result

NAME = "report.html"
ITS_OWN = ("claims_ledger", "contradictions_gains", "contradictions_scales")  # tables that the page has in another form


def page(
    *,
    theorems: Sequence[Theorem],
    claims: Sequence[Claim],
    results: Sequence[Result] = (),
    contradictions: Sequence[Contradiction] = (),
    tables: Sequence[Table] = (),
    figures: Sequence[Shown] = (),
    references: Mapping[str, str] = {},
) -> str:
    """The whole page.

    results: sampled checks of the theorems, perhaps none.  references: the bibliography, BibTeX keys to text.  A theorem, a
    claim or a key that the page has is linked wherever it is named.  Raises DoesNotStand for a proof that is circular or
    empty.
    """
    linked = words.linker(
        {
            **dict.fromkeys((theorem.name for theorem in theorems), "theorem"),
            **dict.fromkeys((claim.id for claim in claims), "claim"),
            **dict.fromkeys(references, "reference"),
        }
    )
    style, script = (_source(name) for name in ("style.css", "script.js"))
    made = entries(in_order(theorems), results, linked, _shown_in(tables, figures))
    return _template().render(
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style, script),
        linked=linked,
        subjects=by_subject(made),
        theorems=made,
        verdicts=list(dict.fromkeys(entry.verdict for entry in made)),
        keys=sorted({key for entry in made for key in entry.keys}),
        papers=by_paper(claims),
        claim_counts=words.counted(Counter(str(claim.finding.verdict) for claim in claims)),
        ledger=verdict_table(claims),
        theorem_counts=words.counted(Counter(entry.verdict for entry in made)),
        step_counts=words.counted(step_counts(made)),
        check_counts=words.counted(Counter(result.evidence.verdict for result in results)),
        alpha=sum(result.evidence.alpha for result in results),
        contradictions=contradictions,
        tables=[table(each, linked) for each in tables],
        figures=figures,
        references=references,
        scale=plot.scale(),
    )


def _shown_in(tables: Sequence[Table], figures: Sequence[Shown]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Theorems with the tables and figures that rest on them, each a kind and a name."""
    pairs = [(source.name, ("table", each.name)) for each in tables for source in each.sources]
    pairs += [(name, ("figure", each.name)) for each in figures for name in each.theorems]
    found: dict[str, list[tuple[str, str]]] = {}
    for name, where in pairs:
        found.setdefault(name, []).append(where)
    return {name: tuple(dict.fromkeys(places)) for name, places in found.items()}


def write(folder: Path, results: Sequence[Result] = ()) -> list[Path]:
    """Write the page of all theorems, claims, tables and figures into `folder`; its path, alone in a list.

    Raises NotHad where the folder cannot be written, DoesNotStand where a theorem does not stand.
    """
    from papers.claims.contradictions import contradictions
    from papers.claims.ledger import claims
    from papers.figures import FIGURES
    from papers.tables import TABLES
    from theory.proof.library import theorems

    text = page(
        theorems=theorems(),
        claims=claims(),
        results=results,
        contradictions=contradictions(),
        tables=[build() for name, build in TABLES.items() if name not in ITS_OWN],
        figures=[shown(picture) for picture in FIGURES.values()],
        references={work.key: _reference(work) for work in WORKS},
    )
    return [write_text(folder / NAME, text)]


def _reference(work: Work) -> str:
    """A reference with its identifier in words: the page links to nothing outside itself."""
    found = f"doi:{work.doi}" if work.doi else f"arXiv:{work.arxiv}" if work.arxiv else work.page
    text = as_text(work.key)
    return text if not found or found in text else f"{text} {found}"


def _policy(style: str, script: str) -> str:
    """What the page may load: nothing but itself."""
    allowed = {"style-src": _hash(style), "script-src": _hash(script), "img-src": "data:"}
    closed = {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'"}
    return "; ".join(f"{what} {source}" for what, source in {**closed, **allowed}.items())


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


def _source(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("papers", "web/templates"), undefined=StrictUndefined, autoescape=True,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.globals.update(badge=words.badge, link=words.link, anchor=words.anchor, powers=words.powers, cell=cell)
    return environment.get_template("page.html")
