"""The command line: `initium list | show | check | axioms | eval | verify | mutate | claims | tables | handbook | report |
train | data`.

SymPy, torch and Matplotlib are imported by the commands that need them, never for `--help`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from papers import arguments, data_commands, page_commands
from papers.arguments import BadUsage, NotHad
from papers.commands import Commands
from papers.terminal import emit, evidence_as_data, print_evidence, progress, table
from papers.training_commands import train

if TYPE_CHECKING:
    from theory.proof.theorem import Theorem

UNCHECKED = "unchecked"

app = typer.Typer(
    cls=Commands,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Initialisation theory: derive it once, check every step, sample it, print it.",
)

app.add_typer(data_commands.app, name="data")

Name = Annotated[str, typer.Argument(metavar="NAME", help="A theorem's name.", show_default=False)]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Theorems; all of them if none is named.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]
Device = Annotated[str, typer.Option(help="cpu, cuda or auto.")]
Alpha = Annotated[str, typer.Option(help="False-alarm rate of the whole run.")]
Budget = Annotated[int, typer.Option(min=1, help="Most networks that one check may draw.")]


@app.callback(invoke_without_command=True)
def initium(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Initialisation theory: derive it once, check every step, sample it, print it."""
    if version:
        from importlib.metadata import version as installed

        print(f"initium {installed('initium')}")
        raise typer.Exit()
    if context.invoked_subcommand is None:
        print(context.get_help())


def _find(name: str) -> Theorem:
    from theory.proof.library import UnknownTheorem, find

    try:
        return find(name)
    except UnknownTheorem as unknown:
        raise BadUsage(str(unknown)) from None


def _chosen(names: Sequence[str] | None) -> list[Theorem]:
    from theory.proof.library import theorems

    return [_find(name) for name in dict.fromkeys(names)] if names else list(theorems())


@app.command("list")
def list_(json: Json = False) -> int:
    """All theorems: verdict, source, assumptions; "unchecked" where nothing is known."""
    from theory.proof.cache import listing, recall

    entries = []
    for name, source, summary in listing():
        record = recall(name)
        verdict = record.verdict if record else UNCHECKED
        facts = [fact for fact, _ in record.assumptions] if record else None
        entries.append(
            {"theorem": name, "verdict": verdict, "source": source, "summary": summary, "assumptions": facts}
        )
    if json:
        emit(entries)
        return 0
    columns = ("theorem", "verdict", "source", "assumptions")
    table(columns, [(*(str(e[c]) for c in columns[:3]), ", ".join(e["assumptions"] or ())) for e in entries])
    return 0


@app.command()
def show(
    name: Name, latex: Annotated[bool, typer.Option("--latex", help="As LaTeX.")] = False, json: Json = False
) -> int:
    """Statement and proof."""
    theorem = _find(name)
    from theory.proof import render

    record = _record(theorem)
    steps = dict(record.steps)
    if json:
        proofs = [render.as_data(derivation, steps) for derivation in theorem.derivations()]
        about = {
            "theorem": name,
            "verdict": record.verdict,
            "source": theorem.source,
            "summary": theorem.summary,
        }
        emit(
            {
                **about,
                "parameters": {p.name: p.domain.describe() for p in theorem.parameters},
                "proofs": proofs,
            }
        )
    else:
        print((render.as_latex if latex else render.as_text)(theorem, record.verdict, steps))
    return 0


def _record(theorem: Theorem) -> Any:
    from theory.proof.cache import record_of

    try:
        return record_of(theorem)
    except Exception as broken:  # a builder is the author's code: whatever it raises is the reason
        raise NotHad(f"{theorem.name} cannot be judged: {type(broken).__name__}: {broken}") from broken


@app.command()
def check(
    names: Names = None,
    cached: Annotated[bool, typer.Option("--cached", help="Judge only what is not known to stand.")] = False,
    json: Json = False,
) -> int:
    """Judge the proofs, every step afresh."""
    from papers import checking

    theorems = _chosen(names)
    with progress("judging") as advance:
        outcomes = [checking.check(theorem, advance, cached=cached) for theorem in theorems]
    total = sum((Counter(outcome.steps) for outcome in outcomes), Counter())
    if json:
        emit({"theorems": [asdict(outcome) for outcome in outcomes], "steps": total})
    else:
        rows = [(o.theorem, o.verdict, _counted(o.steps), f"{o.seconds:.2f}") for o in outcomes]
        table(("theorem", "verdict", "steps", "seconds"), rows)
        print(f"{len(outcomes)} theorems, {total.total()} steps: {_counted(total)}")
        for failure in (failure for outcome in outcomes for failure in outcome.failures):
            print(f"\n{failure}")
    return 0 if all(outcome.stands for outcome in outcomes) else 1


def _counted(steps: dict[str, int]) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in sorted(steps.items())) or "none"


@app.command()
def axioms(name: Name, json: Json = False) -> int:
    """What a theorem rests on: assumptions, cited facts and theorems used."""
    record = _record(_find(name))
    if json:
        parts = {
            "assumptions": dict(record.assumptions),
            "citations": record.citations,
            "uses": record.theorems,
        }
        emit({"theorem": name, "verdict": record.verdict, **parts})
        return 0
    print(f"{name}: {record.verdict}")
    assumptions = [f"{fact}: {text}" for fact, text in record.assumptions]
    for title, lines in (("assumes", assumptions), ("cites", record.citations), ("uses", record.theorems)):
        print("\n".join([title, *(f"  {line}" for line in lines or ("nothing",))]))
    return 0


@app.command("eval")
def evaluate(
    name: Name,
    assignments: Annotated[
        list[str] | None, typer.Argument(metavar="[K=V]...", help="The parameters.")
    ] = None,
    digits: Annotated[int, typer.Option(min=1, max=1000, help="Significant digits.")] = 15,
    enclose: Annotated[bool, typer.Option("--enclose", help="A rigorous enclosure.")] = False,
    json: Json = False,
) -> int:
    """A theorem's value at given parameters, to any number of digits."""
    from papers.evaluation import evaluated

    result = evaluated(_find(name), assignments or [], digits, enclose=enclose, value=json or not enclose)
    if json:
        emit(result)
    else:
        print(f"{result['midpoint']} ± {result['radius']}" if enclose else result["value"])
    return 0


@app.command()
def verify(
    names: Names = None,
    device: Device = "auto",
    alpha: Alpha = "1e-6",
    beta: Annotated[str, typer.Option(help="Chance that a check misses the error it is to catch.")] = "1e-3",
    detect: Annotated[str, typer.Option(help="Smallest relative error to be caught.")] = "0.05",
    budget: Budget = 10**7,
    record: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep the run in FILE, or resume it.")] = None,
    json: Json = False,
) -> int:
    """Sample random networks and compare them with the theorems."""
    device = _device(device)
    texts = {"alpha": alpha, "beta": beta, "detect": detect}
    rates = {name: arguments.rate(f"--{name}", text) for name, text in texts.items()}
    chosen = [theorem.name for theorem in _chosen(names)]
    from numerics.checks import unsampled
    from numerics.checks import verify as sampled
    from numerics.evidence.journal import NotRecorded
    from theory.proof.theorem import DoesNotStand

    try:
        with progress("sampling") as advance:
            found = sampled(chosen, device=device, **rates, budget=budget, record=record, progress=advance)
    except (DoesNotStand, NotRecorded) as refusal:
        raise NotHad(str(refusal)) from None
    except (RuntimeError, ValueError) as refusal:  # no such device; a detectable error finer than the samples
        raise BadUsage(str(refusal)) from None
    skipped = {name: reason for name, reason in unsampled().items() if name in chosen}
    if json:
        kept = {} if record is None else {"record": str(record)}
        emit({"checks": [evidence_as_data(result) for result in found], "not_sampled": skipped, **kept})
    else:
        print_evidence(found, skipped)
    return 0 if all(result.evidence.verdict == "agrees" for result in found) else 1


def _device(name: str) -> str:
    if name not in ("cpu", "cuda", "auto"):
        raise BadUsage(f"--device must be cpu, cuda or auto, not {name}")
    return name


@app.command()
def mutate(
    names: Names = None,
    proofs: Annotated[bool, typer.Option("--proofs", help="Mutate the steps of the proofs instead.")] = False,
    device: Device = "auto",
    alpha: Alpha = "1e-6",
    budget: Budget = 4 * 10**7,
    into: Annotated[Path | None, typer.Option("--into", help="Write the table of resolutions there, too.")] = None,
    json: Json = False,
) -> int:
    """Change every formula in every small way: would the samples notice?"""
    from papers import mutation

    chosen = _chosen(names)
    if proofs:
        return mutation.of_proofs(chosen, json=json)
    rates = {"device": _device(device), "alpha": arguments.rate("--alpha", alpha), "budget": budget}
    return mutation.of_formulas([theorem.name for theorem in chosen], into=into, json=json, **rates)


for _command in (page_commands.claims, page_commands.tables, page_commands.handbook, page_commands.report, train):
    app.command()(_command)


def main() -> None:
    """The entry point of the `initium` command."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal without Unicode shows ?
    app(prog_name="initium")
