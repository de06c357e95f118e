"""A figure in two halves: its data, plain numbers that are kept and compared, and the drawing of them.

`initium report --check` rebuilds the data and compares them with those that the committed figure was drawn from, so
nothing may enter a drawing but its data.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numerics.evidence.kept import Kept, code_of
from papers.table import Cell, Source

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DIGITS = 10  # of a number in the data: floating point differs from machine to machine in the last of sixteen

_NUMBERS = re.compile(r"\[\n([-+.,\s\deE]*)\]")  # JSON has no line break inside a string
Data = dict[str, Any]


@dataclass(frozen=True)
class Picture:
    """name: of its files and, with hyphens, its label.  caption: stands without a text around.

    data: numbers, words, lists and dicts; under "sources" what `sources` gives.  draw: a figure of these data.
    """

    name: str
    caption: Cell
    data: Callable[[], Data]
    draw: Callable[[Data], Figure]


def sources(*rested_on: Source | Iterable[Source]) -> dict[str, dict[str, str]]:
    """What a picture's numbers rest on, by name."""
    flat = [each for some in rested_on for each in ([some] if isinstance(some, Source) else some)]
    return {each.name: {"kind": each.kind, "hash": each.hash} for each in flat}


def measurement(kept: Kept) -> Source:
    """A measurement as a source."""
    return Source(kept.name, "measurement", kept.digest)


def computation(function: Callable[..., Any]) -> Source:
    """A function of `numerics` that computes without a theorem of its own, a quadrature for example, as a source."""
    return Source(f"{function.__module__}.{function.__qualname__}", "computation", code_of(function.__module__))


def as_json(data: Data) -> str:
    """The data as JSON, numbers to `DIGITS` digits, a list of numbers on one line."""
    text = json.dumps(_short(data), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    return _NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text)


def as_kept(data: Data) -> Data:
    """The data as they are read back from JSON: what is drawn, so that a figure shows the very numbers beside it."""
    kept: Data = json.loads(as_json(data))
    return kept


def digest(data: Data) -> str:
    """SHA-256 of the data; the drawn files carry it."""
    return hashlib.sha256(as_json(data).encode()).hexdigest()


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _short(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_short(part) for part in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
