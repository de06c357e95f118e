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

from papers.claims.claim import Claim
from papers.claims.contradictions import Contradiction
from papers.files import write_text
from papers.web import plot, words
from papers.web.claims import by_paper, verdict_table
from papers.web.theorems import by_subject, entries, step_counts
from theory.proof.theorem import Theorem

if TYPE_CHECKING:
    from jinja2 import Template

    from numerics.checks import Result

NAME = "report.html"


def page(
    *,
    theorems: Sequence[Theorem],
    claims: Sequence[Claim],
    results: Sequence[Result] = (),
    contradictions: Sequence[Contradiction] = (),
    references: Mapping[str, str] = {},
) -> str:
    """The whole page.

    results: sampled checks of the theorems, perhaps none.  references: the bibliography, BibTeX keys to text; a key that it
    has is linked wherever it is cited.  Raises DoesNotStand for a theorem whose proof is circular or empty.
    """
    style, script = (_source(name) for name in ("style.css", "script.js"))
    made = entries(theorems, results, references.keys(), {})
    return _template().render(
        style=Markup(style),  # noqa: S704 - sources of this package
        script=Markup(script),  # noqa: S704
        policy=_policy(style, script),
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
        references=references,
        scale=plot.scale(),
    )


def write(folder: Path, text: str) -> Path:
    """Write the page into `folder`; its path.  Raises NotHad where the folder cannot be written."""
    return write_text(folder / NAME, text)


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
    environment.globals.update(badge=words.badge, link=words.link, anchor=words.anchor, cited=words.cited)
    return environment.get_template("page.html")
