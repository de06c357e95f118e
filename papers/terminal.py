"""What the commands print: results on standard output, progress and complaints on standard error.

Rich is loaded only for tables and progress bars; in a pipe both are plain.
"""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numerics.checks import Result

WIDEST = 10_000  # columns of a table that goes into a pipe: no line is ever wrapped there

VERDICT = len("undecided  ")  # columns

Progress = Callable[[int, int, str], None]  # done, total, what is being done


def complain(sentence: str) -> None:
    """One line on standard error, whatever the message contains."""
    line = " ".join(sentence.split())
    print("initium: " + "".join(c if c.isprintable() else "?" for c in line), file=sys.stderr)


def emit(content: Any) -> None:
    """One JSON value on standard output, in ASCII so that it fits every terminal."""
    print(json.dumps(content, indent=2, allow_nan=False))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: Collection[int] | None = None) -> None:
    """A table on standard output; text is printed as it is, without Rich's markup.

    numeric: the columns that are set right.  Where they are given no cell is cut short: it would be another number.
    """
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDEST
    shown = Table(box=None, pad_edge=False, padding=(0, 2 if numeric is None else 1, 0, 0))
    for at, column in enumerate(columns):
        right, whole = at in (numeric or ()), numeric is not None
        shown.add_column(column, justify="right" if right else "left", overflow="fold" if whole else "ellipsis")
    for row in rows:
        shown.add_row(*row)
    console.print(shown)


def print_evidence(found: Sequence[Result], skipped: Mapping[str, str]) -> None:
    """Each sampled check: verdict, theorem and quantity, then its numbers; then what was not decided or sampled, and why."""
    for result in found:
        e, at = result.evidence, "".join(f" {name}={value}" for name, value in result.parameters.items())
        _wrapped(f"{e.verdict:<{VERDICT}}{result.theorem}{at}: {result.quantity}", first="")
        _wrapped("; ".join(_numbers(result)), first=" " * VERDICT)
    spent = sum(result.evidence.alpha for result in found)
    print(f"{len(found)} checks; the chance of any false alarm is at most {spent:.2g}")
    for result in found:
        if result.evidence.reason:
            print(f"{result.theorem}: {result.evidence.reason}")
    for name, reason in skipped.items():
        print(f"{name}: not sampled: {reason}")


def evidence_as_data(result: Result) -> dict[str, Any]:
    """A sampled check for JSON, which has no infinities: a reading that does not exist is null."""
    parts = {**asdict(result), **asdict(result.evidence)}
    parts.pop("evidence")
    return {k: None if isinstance(v, float) and v - v != 0 else v for k, v in parts.items()}


def _numbers(result: Result) -> Iterator[str]:
    """What a check found and what it would have found; a reading that does not exist is left out."""
    e = result.evidence
    error = f" ± {e.standard_error:.2g}" if e.standard_error == e.standard_error else ""
    z_score = f" (z {e.z_score:.2g})" if e.z_score == e.z_score else ""
    if e.estimate == e.estimate:
        yield f"expected {result.expected:.4g}, found {e.estimate:.4g}{error}{z_score}"
    yield f"detects {e.shift:.4g} ({e.kind}) except with {e.beta:.2g}"
    yield f"{e.networks} networks{f', {e.excluded} excluded' if e.excluded else ''}, {e.seconds:.2f} s"


def _wrapped(text: str, first: str) -> None:
    """A paragraph, hanging below the verdict; one line in a pipe."""
    paragraph(text, first, " " * VERDICT)


def paragraph(text: str, first: str = "", rest: str = "") -> None:
    """Words on standard output, in lines that fit the terminal and begin with these; one line in a pipe."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDEST
    print(textwrap.fill(text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False))


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
