"""What the commands print: results on standard output, progress and complaints on standard error.

Rich is loaded only for tables and progress bars; in a pipe both are plain.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numerics.checks import Result

WIDEST = 10_000  # columns of a table that goes into a pipe: no line is ever wrapped there

Progress = Callable[[int, int, str], None]  # done, total, what is being done


def complain(sentence: str) -> None:
    """One line on standard error, whatever the message contains."""
    line = " ".join(sentence.split())
    print("initium: " + "".join(c if c.isprintable() else "?" for c in line), file=sys.stderr)


def emit(content: Any) -> None:
    """One JSON value on standard output, in ASCII so that it fits every terminal."""
    print(json.dumps(content, indent=2, allow_nan=False))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on standard output; text is printed as it is, without Rich's markup."""
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDEST
    shown = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows:
        shown.add_row(*row)
    console.print(shown)


def print_evidence(found: Sequence[Result], skipped: Mapping[str, str]) -> None:
    """A line a sampled check, with what it would have caught; then what was not decided or not sampled, and why."""
    columns = ("theorem", "at", "verdict", "expected", "estimate", "s.e.", "z", "detects", "networks", "seconds")
    rows = []
    for result in found:
        e, at = result.evidence, " ".join(f"{name}={value}" for name, value in result.parameters.items())
        readings = (result.expected, e.estimate, e.standard_error, e.z_score, e.shift)
        numbers = (f"{reading:.4g}" for reading in readings)
        rows.append((result.theorem, at, e.verdict, *numbers, str(e.networks), f"{e.seconds:.2f}"))
    table(columns, rows)
    spent = sum(result.evidence.alpha for result in found)
    print(f"{len(found)} checks; the chance of any false alarm is at most {spent:.2g}")
    for result in found:
        if result.evidence.reason:
            print(f"{result.theorem}: {result.evidence.reason}")
    for name, reason in skipped.items():
        print(f"{name}: not sampled: {reason}")


@contextmanager
def progress(title: str) -> Iterator[Progress]:
    """A bar on standard error where that is a terminal; the block is given a function (done, total, what)."""
    if not sys.stderr.isatty():
        yield lambda done, total, what: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True, markup=False, highlight=False), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total, what: bar.update(task, completed=done, total=total, description=what)
