"""Claims about training: settled by the rows of an experiment that speak of them (``numerics.training.experiments``).

*Rule.* Each row is a test that decides wrongly with a chance of at most ALPHA. If k of a claim's n rows go against it, the
chance that as many do although all predictions hold is at most n ALPHA/k (Markov's inequality; rows may depend on each
other). The claim is refuted, in the setting that was tried, if that is at most ``FAMILY``; confirmed there if every row
agrees; and otherwise open, with the rows that are not decided. A claim that reaches beyond the setting stays open, with
what was found.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from numerics.evidence.kept import keeping
from papers.claims.claim import Finding, Point, Settler, Verdict
from papers.committed import committed
from papers.training import Outcome, bare, recalled

if TYPE_CHECKING:
    import sympy as sp

    from numerics.training.experiments.comparison import Row

FAMILY = 0.01  # the most that the chance of a false refutation may be
SHOWN = 6  # rows that a reason names, and points of a finding


def experiment(
    name: str,
    claim: str,
    decides: str,
    *,
    about: tuple[str, ...] = ("",),
    beyond: str = "",
    evidence: tuple[str, ...] = (),
) -> Settler:
    """The settler of a claim by an experiment.

    about: words, one of which the rows that decide the claim have in common; the experiment may have other rows under the
    claim's id.  decides: in words, what is trained or drawn and compared.  beyond: what of the claim lies beyond every
    size but full, which leaves it open until then.  evidence: facts to be known beside it.
    """

    def settle(printed: sp.Basic) -> Finding:
        found = _at_hand(name)
        if found is None:
            told = f"not yet run by today's code: 'initium train {name} --size m'; to decide: {decides}"
            return Finding(Verdict.OPEN, told, evidence=evidence)
        rows = [row for row in found.of(claim) if any(words in row.what for words in about)]
        if not rows:
            raise ValueError(f"no row of {name} decides {claim}")
        others = [row for row in found.of(claim) if row not in rows]
        return _settled(found, rows, others, beyond if found.size != "full" else "", evidence)

    return settle


def _at_hand(name: str) -> Outcome | None:
    """By one's own evidence, else by the committed one: a finding may be asked for where no evidence has been opened."""
    if (found := recalled(name)) is None:
        with keeping(known=committed(), draw=False):
            found = recalled(name)
    return found


def _settled(
    found: Outcome, rows: Sequence[Row], others: Sequence[Row], beyond: str, evidence: tuple[str, ...]
) -> Finding:
    against = [row for row in rows if row.verdict == "differs"]
    unknown = [row for row in rows if row.verdict == "undecided"]
    where = f"experiment {found.name}, size {found.size}, {found.config.networks} networks of each kind"
    if refutes(len(rows), len(against)):
        chance = false_alarm(len(rows), len(against))
        told = f"{len(against)} of {len(rows)} comparisons go against it (by chance at most {chance:.2g})"
        verdict, shown = Verdict.REFUTED, against
    elif against or unknown:
        told = f"{len(rows) - len(against) - len(unknown)} of {len(rows)} comparisons agree, not decided"
        verdict, shown = Verdict.OPEN, [*against, *unknown]
    else:
        verdict, shown = Verdict.CONFIRMED, list(rows)
        told = f"all {len(rows)} comparisons agree" if len(rows) > 1 else "the one comparison agrees"
    if beyond:
        verdict, told = Verdict.OPEN, f"{beyond}; found so far: {told}"
    named = "; ".join(f"{bare(row.what)}: {_seen(row)}" for row in shown[:SHOWN])
    counterexamples = tuple(Point(bare(row.what), row.predicted, _seen(row)) for row in against[:SHOWN])
    reason = f"{where}: {told}: {named}{_beside(others)}"
    return Finding(verdict, reason, points=counterexamples, evidence=(*map(_sentence, rows), *evidence))


def _beside(others: Sequence[Row]) -> str:
    """How the rows came out that bear the claim's id and do not decide it: nobody should have to look for them."""
    counts = Counter(row.verdict for row in others)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in ("agrees", "differs", "undecided") if counts[verdict])
    return f"; comparisons beside these: {told}" if others else ""


def beside(settler: Settler, name: str, claim: str) -> Settler:
    """A claim that theorems settle, with what an experiment shows of it as evidence."""

    def settle(printed: sp.Basic) -> Finding:
        finding, found = settler(printed), _at_hand(name)
        shown = () if found is None else tuple(map(_sentence, found.of(claim)))
        return replace(finding, evidence=(*finding.evidence, *shown))

    return settle


def false_alarm(rows: int, against: int) -> float:
    """At most the chance that so many of the rows, or more, go against what holds."""
    from numerics.training.experiments.comparison import ALPHA

    return min(rows * ALPHA / against, 1.0) if against else 1.0


def refutes(rows: int, against: int) -> bool:
    """Whether so many rows refute the claim."""
    return false_alarm(rows, against) <= FAMILY


def out_of_reach(why: str, evidence: tuple[str, ...] = ()) -> Settler:
    """Not to be decided here, for the reason given."""
    return lambda printed: Finding(Verdict.UNDECIDABLE, why, evidence=evidence)


def _sentence(row: Row) -> str:
    return f"{bare(row.what)}: predicted {row.predicted}, observed {_seen(row)}: {row.verdict} ({row.rule})"


def _seen(row: Row) -> str:
    if not math.isfinite(row.observed):
        return "nothing"
    return f"{row.observed:.3g}" + (f" ± {row.error:.2g}" if math.isfinite(row.error) else "")
