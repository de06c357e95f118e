"""What `initium mutate` runs and prints: mutants of proofs before the judges, mutants of formulas before the samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from papers.arguments import BadUsage, NotHad
from papers.terminal import emit, progress, table

if TYPE_CHECKING:
    from numerics.checks.mutation import Resolution
    from numerics.checks.specimens import Fate, Outcome
    from theory.proof.theorem import Theorem

FATES: tuple[Fate, ...] = ("killed", "survived", "below", "no value")


def of_proofs(theorems: Sequence[Theorem], *, json: bool) -> int:
    """Mutate every step of the proofs; 0 if the judges reject all mutants, else 1."""
    from theory.proof.mutants import account

    accounts = []
    with progress("mutating") as advance:
        for done, theorem in enumerate(theorems):
            advance(done, len(theorems), theorem.name)
            accounts.append((theorem.name, account(theorem)))
    if json:
        fields = ("mutants", "rejected", "survivors")
        emit([{"theorem": name, **{f: getattr(a, f) for f in fields}} for name, a in accounts])
    else:
        rows = [(name, str(a.mutants), str(a.rejected), str(len(a.survivors))) for name, a in accounts]
        table(("theorem", "mutants", "rejected", "survivors"), rows)
        mutants, rejected = (sum(getattr(a, f) for _, a in accounts) for f in ("mutants", "rejected"))
        print(f"{rejected} of {mutants} mutants rejected")
        print("\n".join(f"{name}: {survivor}" for name, a in accounts for survivor in a.survivors))
    return 0 if all(a.rejected == a.mutants and not a.survivors for _, a in accounts) else 1


def of_formulas(names: Sequence[str], *, into: Path | None, json: bool, **rates: Any) -> int:
    """Mutate the theorems' formulas; 0 if their checks refute every mutant that matters, and no formula, else 1.

    into: the folder for the table, if any. rates: device, alpha and budget of ``numerics.checks.mutation.mutate``. Raises
    BadUsage for what it refuses, NotHad for a theorem that does not stand.
    """
    from numerics.checks import resolution, unsampled
    from numerics.checks.mutation import mutate
    from theory.proof.theorem import DoesNotStand

    try:
        with progress("mutating") as advance:
            found = mutate(names, **rates, progress=advance)
    except DoesNotStand as refusal:
        raise NotHad(str(refusal)) from None
    except RuntimeError as refusal:  # no such device
        raise BadUsage(str(refusal)) from None
    skipped = {name: reason for name, reason in unsampled().items() if name in names}
    if resolution.default(rates["alpha"], rates["budget"]):
        for each in found:
            resolution.keep(each)
    if into is not None:
        _save(found, into)
    if json:
        emit({"theorems": [_as_data(each) for each in found], "not_sampled": skipped})
    else:
        _print(found, skipped)
    return 0 if all(each.holds for each in found) else 1


def _save(found: Sequence[Resolution], into: Path) -> None:
    from numerics.checks.resolution import counted
    from numerics.evidence.kept import code_of
    from papers.table import Source
    from papers.tables import save
    from papers.tables.mutation import resolutions

    run = Source("initium mutate", "computation", code_of("numerics.checks.mutation"))
    save(resolutions([(each.theorem, counted(each), run) for each in found]), into / "tables")


def percent(effect: float | None) -> str:
    """An effect on a theorem's value in percent, to three digits."""
    return "none" if effect is None else f"{100 * effect:.3g} %"


def _as_data(each: Resolution) -> dict[str, Any]:
    mutants = [asdict(outcome) for outcome in each.outcomes]
    return {
        "theorem": each.theorem,
        "holds": each.holds,
        "resolution": each.resolution,
        "controls_failed": each.controls,
        **{fate.replace(" ", "_"): len(each.having(fate)) for fate in FATES},
        "mutants": mutants,
    }


def _print(found: Sequence[Resolution], skipped: dict[str, str]) -> None:
    """A line a theorem; then what lies below the line, what was not sampled, and last what the checks do not notice."""
    counts = [[len(each.having(fate)) for fate in FATES] for each in found]
    rows = [
        (each.theorem, *map(str, count), percent(each.resolution)) for each, count in zip(found, counts, strict=True)
    ]
    table(("theorem", *FATES, "resolution"), rows)
    for each in found:
        below = sorted(each.having("below"), key=lambda outcome: -(outcome.effect or 0))
        print("".join(f"{each.theorem}: below: {_effect(outcome)}\n" for outcome in below), end="")
        print("".join(f"{each.theorem}: no value: {outcome.change}\n" for outcome in each.having("no value")), end="")
    print("".join(f"{name}: not sampled: {reason}\n" for name, reason in skipped.items()), end="")
    for each in found:
        print("".join(f"the formula itself: {failure}\n" for failure in each.controls), end="")
        for outcome in each.having("survived"):
            print(f"{each.theorem}: survived: {_effect(outcome)}: {outcome.reason}")
    killed, survived, *_ = (sum(count) for count in zip(*counts, strict=True)) if counts else (0, 0)
    print(f"{killed} of {killed + survived} mutants that matter were refuted")


def _effect(outcome: Outcome) -> str:
    at = " ".join(f"{name}={value}" for name, value in outcome.at.items())
    return f"{outcome.change}: {percent(outcome.effect)}" + (f" at {at}" if at else "")
