"""The commands that print: `initium claims | tables | handbook | report`.

What they load is imported when they run, never for `--help`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from papers.arguments import BadUsage, NotHad
from papers.committed import BUILD, evidence
from papers.terminal import emit, progress

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]
Folder = Annotated[Path, typer.Option("--into", help="The folder to write to.")]
TableName = Annotated[
    str | None,
    typer.Argument(metavar="[NAME]", help="One table, to print; any other name lists all.", show_default=False),
]
Rows = Annotated[str | None, typer.Option(metavar="N,N,...", help="For rows of one table, where it has such rows.")]
Format = Annotated[str | None, typer.Option("--format", metavar="md|tex|csv|json", help="Of the one table.")]
Into = Annotated[Path | None, typer.Option("--into", help="The folder to write to, papers/build for all tables.")]
EXAMPLE = "random_walk_gains --widths 10,37,100"


def claims(
    paper: Annotated[str | None, typer.Argument(metavar="[PAPER]", help="A paper's key.", show_default=False)] = None,
    id: Annotated[str | None, typer.Option("--id", help="One claim, in full.")] = None,
    json: Json = False,
) -> int:
    """What the papers claim, and what of it is true."""
    from numerics.evidence.kept import keeping
    from papers import claims_view
    from papers.claims import contradictions, ledger

    try:
        chosen = ledger.of_paper(paper) if paper else ledger.claims()
        if id:
            chosen = tuple(claim for claim in chosen if claim is ledger.find(id))
    except ledger.UnknownClaim as unknown:
        raise BadUsage(str(unknown)) from None
    if id and not chosen:
        raise BadUsage(f"{id} is a claim of {ledger.find(id).paper}, not of {paper}")
    with keeping(known=evidence()), progress("settling") as advance:
        for done, claim in enumerate(chosen):
            advance(done, len(chosen), claim.id)
            _ = claim.finding
    if json:
        emit([claims_view.as_data(claim) for claim in chosen])
    elif id:
        print(claims_view.full(chosen[0]))
    else:
        claims_view.overview(chosen)
        if not paper:
            claims_view.contradicting(contradictions.contradictions())
    return 0


def tables(
    name: TableName = None,
    widths: Rows = None,
    depths: Rows = None,
    betas: Rows = None,
    format: Format = None,
    into: Into = None,
    json: Json = False,
) -> int:
    """Write the papers' tables and figures, or print one table."""
    asked = {"widths": widths, "depths": depths, "betas": betas}
    given = {option: text for option, text in asked.items() if text is not None}
    if name is not None:
        from papers import tables_view

        return tables_view.one(name, given, format, into, json=json)
    if given or format:
        raise BadUsage(f"--{next(iter(given), 'format')} is for one table: name it, as in 'initium tables {EXAMPLE}'")
    from numerics.evidence.kept import keeping
    from papers import figures
    from papers import tables as written

    with keeping(known=evidence(into or BUILD)), progress("writing") as advance:
        paths = [*written.write(into or BUILD, advance), *figures.write(into or BUILD, advance)]
    emit([str(path) for path in paths]) if json else print("\n".join(map(str, paths)))
    return 0


def handbook(into: Folder = BUILD, json: Json = False) -> int:
    """Write the handbook, LaTeX and PDF, with the tables and figures in the folder."""
    from papers.handbook import write

    paths = write(into)
    emit([str(path) for path in paths]) if json else print("\n".join(map(str, paths)))
    return 0


def report(
    into: Folder = BUILD,
    check: Annotated[bool, typer.Option("--check", help="Compare the committed tables and figures instead.")] = False,
    printed: Annotated[bool, typer.Option("--printed", help="Renew the committed evidence, tables and figures.")] = False,
    json: Json = False,
) -> int:
    """Prove, sample, settle, write tables, figures and pages, and say what holds."""
    if check and printed:
        raise BadUsage("--check compares what --printed writes; give one of them")
    if check or printed:
        return _committed(printed, json)
    from numerics.evidence.journal import NotRecorded
    from papers.report import write

    try:
        with progress("reporting") as advance:
            found = write(into, advance)
    except NotRecorded as refusal:
        raise NotHad(str(refusal)) from None
    if json:
        emit({"holds": found.holds, "files": [str(path) for path in found.paths], "summary": found.summary()})
    else:
        print(found.summary())
    return found.status


def _committed(renew: bool, json: bool) -> int:
    """Write the committed outputs, or say where they differ from what the code derives today."""
    from numerics.evidence.journal import NotRecorded
    from papers import printed

    try:
        with progress("printing" if renew else "comparing") as advance:
            found = list(map(str, printed.renew(advance))) if renew else printed.differences(advance)
    except NotRecorded as refusal:
        raise NotHad(str(refusal)) from None
    if json:
        emit(found)
    else:
        print("\n".join(found) or "The committed tables and figures are what the code derives today.")
    return 1 if found and not renew else 0
