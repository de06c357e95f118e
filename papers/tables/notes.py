"""What a table rests on: theorems and measurements as sources of its numbers, verdicts and assumptions as notes below it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Context, Decimal
from functools import cache
from types import ModuleType
from typing import Any

from numerics.evidence.kept import Measured, code_of
from numerics.evidence.provenance import theorem_hash
from numerics.experiments.estimate import Estimate
from papers.table import Number, Source
from theory.proof.cache import record_of
from theory.proof.library import find

DIGITS = 15  # of a theorem's number in exact digits: as many as a reader's float64 can hold
FLOAT_DIGITS = 10  # of one computed in floating point, whose last digits vary from machine to machine
SAMPLED_DIGITS = 6  # of a sampled number: more than its error leaves it


def resting_on(names: Sequence[str]) -> tuple[str, ...]:
    """One sentence with every theorem's verdict, one with all assumptions that their proofs use."""
    records = {name: record_of(find(name)) for name in names}
    verdicts = ", ".join(f"{name} ({record.verdict})" for name, record in records.items())
    assumptions = dict(fact for record in records.values() for fact in record.assumptions)
    citations = sorted({citation for record in records.values() for citation in record.citations})
    sentences = [f"Theorems: {verdicts}."]
    if assumptions:
        sentences.append("Assumptions: " + "; ".join(f"{fact}: {text}" for fact, text in assumptions.items()) + ".")
    if citations:
        sentences.append("Cited: " + "; ".join(citations) + ".")
    return tuple(sentences)


@cache
def theorem(name: str) -> Source:
    """A theorem as a source."""
    return Source(name, "theorem", theorem_hash(find(name)))


def exact(value: Decimal | float | str, name: str) -> Number:
    """A theorem's value; a float is kept to `FLOAT_DIGITS` digits."""
    return Number(short(value) if isinstance(value, float) else Decimal(value), theorem(name))


def computed(value: float, function: Callable[..., Any]) -> Number:
    """A number that a function of `numerics` computes without a theorem of its own, a quadrature for example."""
    name = f"{function.__module__}.{function.__qualname__}"
    return Number(short(value), Source(name, "computation", code_of(function.__module__)))


def held(value: Decimal, module: ModuleType, name: str) -> Number:
    """A constant of others that a module holds under a name, or what follows from it."""
    return Number(value, Source(f"{module.__name__}.{name}", "computation", code_of(module.__name__)))


def short(value: float, digits: int = FLOAT_DIGITS) -> Decimal:
    return Context(prec=digits).create_decimal_from_float(value)


def sampled(measure: Measured[Any, Any], *arguments: Any, part: int | None = None) -> Number:
    """What a measurement estimates for these arguments, or one ``part`` of it, with its standard error."""
    kept, found = measure.kept(*arguments), measure(*arguments)
    estimate: Estimate = found if part is None else found[part]
    value, error = (short(each, SAMPLED_DIGITS) for each in (estimate.value, estimate.error))
    return Number(value, Source(kept.name, "measurement", kept.digest), error)
