"""The record of a run: what was promised, what was drawn and what came out, kept so that it can be resumed and cited.

*Lines* of the file (``numerics.evidence.journal``), by kind, and when they are written:

    run       at the start, and again whenever the run is resumed: the format, the time, the settings and their origin
    plan      before a check draws: theorem and its hash, parameters, quantity, sampler, and what the plan promises
    blocks    about once a second while it draws: the blocks since its last such line, its sums so far, seconds
    result    when it is decided: all that its plan said, sums, readings, evidence

*Exactness.* Blocks are merged in their order alone, and JSON keeps every float64, so the sums of a run that was interrupted
anywhere and resumed are those of one that was not, bit by bit; no block is counted twice, none is left out.

*Staleness.* A run may only be resumed as it was begun: the same settings, versions, code and kind of device, and for each
check the same theorem with the same proof, the same plan, and the same sampler with the same blocks. What differs is
named.

Assumption: one code under one set of versions on one machine draws a block the same each time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from numerics.evidence import journal
from numerics.evidence.journal import Journal, Line, NotRecorded
from numerics.evidence.verdict import Evidence, Sums
from numerics.statistics import Moments

FORMAT = 1
EVERY = 1.0  # seconds between two lines of a check: what an interruption may cost
SHOWN = 80  # characters of two settings that a message repeats
WORDS = {  # for settings whose names say little
    "theorem_hash": "theorem or its proof",
    "theorems": "choice of theorems",
    "detect": "relative error to be detected",
    "code": "code of numerics",
}


@dataclass(frozen=True)
class Entry:
    """What a record holds of a check.

    ``about``: its theorem, parameters, plan and sampler, by name. ``sums``, ``seconds``: those of all blocks before
    ``block``. ``evidence``: None while the check is not decided. ``settings``: those of its run.
    """

    about: Mapping[str, Any]
    settings: Mapping[str, Any]
    sums: Sums = field(default_factory=Sums)
    block: int = 0
    seconds: float = 0.0
    evidence: Evidence | None = None


@dataclass(frozen=True)
class Record:
    """A record as read: the ``settings`` it was made with, and an entry for each check, by the check's label."""

    path: Path
    settings: Mapping[str, Any]
    entries: Mapping[str, Entry]

    @property
    def results(self) -> tuple[Entry, ...]:
        """The decided checks, in the order of their plans."""
        return tuple(entry for entry in self.entries.values() if entry.evidence is not None)


class StaleRecord(NotRecorded):
    """A record was made with other settings, code, theorems or plans than today's."""


class Recorder:
    """Writes the record of a run, made by ``recording``: its checks are resumed and finished one after the other."""

    def __init__(self, file: Journal, record: Record) -> None:
        self._file, self._record = file, record
        self._entry = Entry({}, {})
        self._block, self._time = 0, 0.0  # the first block after the current check's last line, and when that was

    def resume(self, about: Mapping[str, Any]) -> Entry:
        """What is known of a check: decided, begun, or nothing; ``about["check"]`` is its label.

        Raises NotRecorded if the record has the check as another one: its theorem, plan or sampler has changed.
        """
        known = self._record.entries.get(about["check"])
        if known is None:
            self._file.append("plan", about=about)
        else:
            _require_same(self._record.path, known.about, about)
        self._entry = known or Entry(about, self._record.settings)
        self._block, self._time = self._entry.block, time.monotonic()
        return self._entry

    def block(self, sums: Sums, seconds: float) -> None:
        """One more block of the current check is in ``sums``; written down once in a while."""
        self._entry = entry = replace(self._entry, sums=sums, block=self._entry.block + 1, seconds=seconds)
        if time.monotonic() - self._time >= EVERY:
            blocks = [self._block, entry.block]
            self._file.append(
                "blocks", check=entry.about["check"], blocks=blocks, sums=_written(asdict(sums)), seconds=seconds
            )
            self._block, self._time = entry.block, time.monotonic()

    def finish(self, evidence: Evidence) -> None:
        """The current check is decided."""
        about, sums = self._entry.about, self._entry.sums
        readings = {name: getattr(sums.moments, name) for name in ("mean", "standard_error", "variance")}
        readings["variance_error"] = math.sqrt(max(sums.moments.variance_of_variance, 0.0))
        parts = {"sums": asdict(sums), "readings": readings, "evidence": asdict(evidence)}
        self._file.append("result", about=about, blocks=[0, self._entry.block], **_written(parts))


def read(path: Path) -> Record:
    """The record in a file; raises NotRecorded if it cannot be read, is none, or was changed."""
    return _record(path, journal.lines(path))


@contextmanager
def recording(path: Path, settings: Mapping[str, Any]) -> Iterator[Recorder]:
    """Begin a record, or resume it; no other run can write to it until the block ends.

    ``settings``: all that must be the same when the run is resumed, as JSON. Raises NotRecorded where the file cannot
    be written, is no record, was changed, is in use, or was made with other settings.
    """
    with journal.opened(path) as file:
        record = _record(path, file.lines)
        if record.settings:
            _require_same(path, record.settings, settings)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        file.append("run", format=FORMAT, started=now, settings=settings)
        yield Recorder(file, replace(record, settings=settings))


def _record(path: Path, lines: list[Line]) -> Record:
    settings: Mapping[str, Any] = {}
    entries: dict[str, Entry] = {}
    for line in lines:
        if line["kind"] == "run":
            if line["format"] != FORMAT:
                raise NotRecorded(f"{path} has format {line['format']}, but only {FORMAT} is read; use a new file.")
            settings = line["settings"]
        elif line["kind"] == "plan":
            entries[line["about"]["check"]] = Entry(line["about"], settings)
        else:
            name = line["check"] if line["kind"] == "blocks" else line["about"]["check"]
            entries[name] = _continued(entries[name], line)
    return Record(path, settings, entries)


def _continued(entry: Entry, line: Line) -> Entry:
    """What is known of a check after one more line of blocks, or its result."""
    sums, (_, block) = line["sums"], line["blocks"]
    moments = Moments(**{name: _number(value) for name, value in sums["moments"].items()})
    samples = tuple(map(tuple, sums["samples"]))
    entry = replace(
        entry, block=block, sums=Sums(sums["count"], sums["excluded"], tuple(sums["totals"]), moments, samples)
    )
    if line["kind"] == "blocks":
        return replace(entry, seconds=line["seconds"])
    found = line["evidence"]
    numbers = {name: _number(found[name]) for name in ("estimate", "standard_error", "z_score", "statistic")}
    evidence = Evidence(**(found | numbers))
    return replace(entry, seconds=evidence.seconds, evidence=evidence)


def _written(value: Any) -> Any:
    """As JSON, which has neither infinities nor NaN: they become words."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return {name: _written(part) for name, part in value.items()} if isinstance(value, dict) else value


def _number(written: Any) -> Any:
    return float(written) if isinstance(written, str) else written


def _require_same(path: Path, was: Mapping[str, Any], now: Mapping[str, Any], check: str = "this run") -> None:
    """Raise NotRecorded for the first difference, with its name."""
    check = was.get("check", check)
    for name in {**was, **now}:
        before, after = (part.get(name, "nothing") for part in (was, now))
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            _require_same(path, before, after, check)
        elif before != after:
            shown = f"{before} and is {after}"
            change = f"was {shown}" if len(shown) <= SHOWN else "has changed"
            words = WORDS.get(name, name.replace("_", " "))
            raise StaleRecord(f"{path} is stale for {check}: the {words} {change}; use a new file.")
