"""Verdicts remembered between runs: judging all proofs takes many seconds, reading what came out no time.

The key is a hash of every source file of `theory` and of the versions of everything that judges, so no
verdict outlives a change of a step, a rule or a judge.  Two things are never stored: a theorem defined
outside `theory`, whose rules may lie in files that no key covers, and any verdict if a source has changed
since this process started.  What cannot be read is not believed, what cannot be written is not missed.

This module imports neither SymPy nor the judges, so that `initium list` answers at once.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from inspect import getsourcefile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from theory.proof.judges import Verdict
    from theory.proof.theorem import Judgement, Theorem

SOURCES = Path(__file__).resolve().parents[1]
JUDGING = ("sympy", "python-flint", "mpmath", "numpy")  # the packages whose versions a verdict depends on
LISTING = "_library"  # the file of the cache that lists all theorems; no theorem's name starts like this
KEPT = 8  # keys kept on disk: a few branches and checkouts; each is some 100 kB


@dataclass(frozen=True)
class Record:
    """What the judges said of one theorem, and what it rests on.

    verdict: the weakest of its own steps and of every theorem used, in a word.  steps: pairs (name, verdict),
    its own.  assumptions (pairs of name and text), citations and theorems: those used, all the way down.
    """

    verdict: str
    steps: tuple[tuple[str, str], ...]
    assumptions: tuple[tuple[str, str], ...]
    citations: tuple[str, ...]
    theorems: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many steps came to each verdict."""
        return dict(Counter(verdict for _, verdict in self.steps))


# --- the key --------------------------------------------------------------------------------------


def _snapshot() -> tuple[str, tuple[tuple[str, int], ...]]:
    """The key of the sources as they are now, and their times of change."""
    digest = hashlib.sha256(repr([platform.python_version(), *map(version, JUDGING)]).encode())
    stamps = []
    for path in sorted(path for path in SOURCES.rglob("*.py") if path.is_file()):
        content = path.read_bytes()
        name = path.relative_to(SOURCES).as_posix()
        digest.update(f"{name} {len(content)}\n".encode() + content)
        stamps.append((name, path.stat().st_mtime_ns))
    return digest.hexdigest()[:32], tuple(stamps)


_AT_START = _snapshot()  # before any rule is imported: what runs in this process is what was read here


def _folder() -> Path:
    named = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(named) if os.path.isabs(named) else Path.home() / ".cache"
    return root / "initium" / "proofs" / _AT_START[0]  # apart from data and checkpoints: old keys are removed


# --- reading and writing --------------------------------------------------------------------------


def _sealed(content: Any) -> str:
    """JSON with its own checksum in front."""
    text = json.dumps(content, ensure_ascii=True)
    return f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}"


def _read(name: str) -> Any:
    """The content of a file of the cache, None where there is none or it is damaged."""
    try:
        sealed = (_folder() / f"{name}.json").read_text(encoding="ascii")
        content = json.loads(sealed.partition("\n")[2])
    except (OSError, ValueError, RuntimeError):  # RuntimeError: there is no home folder
        return None
    return content if _sealed(content) == sealed else None


def _write(name: str, content: Any) -> None:
    """Write a file of the cache whole or not at all, and only if no source has changed since the start."""
    with suppress(OSError, RuntimeError):
        if _snapshot() != _AT_START:
            return
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True)
        _forget_old(folder.parent)
        handle, path = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(_sealed(content))
            os.replace(path, folder / f"{name}.json")
        except BaseException:
            os.unlink(path)
            raise


def _forget_old(root: Path) -> None:
    """Remove all but the newest keys."""
    keys = sorted((path for path in root.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for old in keys[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


# --- records --------------------------------------------------------------------------------------


def recall(name: str) -> Record | None:
    """What is known of the theorem of `theory` of that name, None where nothing is."""
    found = _read(name)
    if found is None:
        return None
    steps, assumptions = (tuple((a, b) for a, b in found[field]) for field in ("steps", "assumptions"))
    citations, theorems = (tuple(found[field]) for field in ("citations", "theorems"))
    return Record(found["verdict"], steps, assumptions, citations, theorems)


def known(theorem: Theorem) -> Record | None:
    """What is known of a theorem, None where nothing is or nothing may be believed."""
    return recall(theorem.name) if _covered(theorem) else None


def record_of(theorem: Theorem, above: tuple[str, ...] = ()) -> Record:
    """What is known of a theorem; where nothing is, it is judged and the outcome is stored.

    above: the theorems whose proofs led here.  Raises DoesNotStand if this is one of them.
    """
    from theory.proof.theorem import DoesNotStand

    if theorem.name in above:
        circle = " uses ".join([*above[above.index(theorem.name) :], theorem.name])
        raise DoesNotStand(f"a circular proof proves nothing: {circle}")
    if (remembered := known(theorem)) is not None:
        return remembered
    return recorded(theorem, [j for d in theorem.derivations() for j in d.judgements], above)


def recorded(theorem: Theorem, judgements: Sequence[Judgement], above: tuple[str, ...] = ()) -> Record:
    """The record of a theorem whose steps have just been judged; stored where the key covers it."""
    from theory.proof.judges import Verdict
    from theory.proof.library import find
    from theory.proof.theorem import DoesNotStand
    from theory.proof.witness import witness

    if not judgements:
        raise DoesNotStand(f"{theorem.name} has no steps; a statement without a proof does not stand")
    unwitnessed = any(witness(derivation) is None for derivation in theorem.derivations())
    used = [find(name) for name in sorted({name for j in judgements for name in j.step.rule.uses})]
    below = [record_of(lemma, (*above, theorem.name)) for lemma in used]
    weakest = min([j.verdict for j in judgements] + [Verdict[record.verdict.upper()] for record in below])
    weakest = min(weakest, Verdict.UNKNOWN) if unwitnessed else weakest  # a theorem about nothing does not stand
    record = Record(
        str(weakest),
        tuple((j.step.name, str(j.verdict)) for j in judgements),
        _together(_assumptions(judgements), *(record.assumptions for record in below)),
        _together(_citations(judgements), *(record.citations for record in below)),
        _together([lemma.name for lemma in used], *(record.theorems for record in below)),
    )
    if all(_covered(each) for each in (theorem, *used)):
        _write(theorem.name, asdict(record))
    return record


def _together(*parts: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(sorted(set().union(*parts)))


def _assumptions(judgements: Sequence[Judgement]) -> list[tuple[str, str]]:
    """The hypotheses that rules used, and the steps that are nothing but assumed."""
    rules = [j.step.rule for j in judgements]
    facts = [(fact.name, fact.text) for j in judgements for fact in j.used]
    return facts + [(rule.name, rule.source) for rule in rules if rule.kind == "assumed"]


def _citations(judgements: Sequence[Judgement]) -> list[str]:
    return [f"{j.step.rule.name} ({j.step.rule.source})" for j in judgements if j.step.rule.kind == "cited"]


def _covered(theorem: Theorem) -> bool:
    """Whether the key covers a theorem: the library's own of that name, from a file that was hashed."""
    from theory.proof.library import UnknownTheorem, find

    try:
        file = Path(getsourcefile(theorem.builder) or "").resolve()
        known = find(theorem.name) is theorem
    except (TypeError, UnknownTheorem):
        return False
    return known and file in {SOURCES / name for name, _ in _AT_START[1]}


def verdict_of(theorem: Theorem) -> Verdict:
    """The weakest verdict of the theorem's steps and of everything it uses, judged where it is not known."""
    from theory.proof.judges import Verdict

    return Verdict[record_of(theorem).verdict.upper()]


def listing() -> list[tuple[str, str, str]]:
    """Name, source and summary of every theorem, without importing them where the cache has the list."""
    found = _read(LISTING)
    if found is not None:
        return [(name, source, summary) for name, source, summary in found]
    from theory.proof.library import theorems

    entries = [(theorem.name, theorem.source, theorem.summary) for theorem in theorems()]
    if all(_covered(theorem) for theorem in theorems()):
        _write(LISTING, entries)
    return entries
