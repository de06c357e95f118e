"""Measurements that are kept: what was drawn once is read back for as long as the code that drew it is the same.

    @measured
    def estimate(width: int, depth: int) -> Estimate: ...

    with keeping(into=Path("samples.jsonl"), known=(committed,)):
        estimate(64, 8)                 # drawn at most once in this file's life

*What a measurement is.* A function of numbers, words, tuples and records of them, and named functions, that draws from
streams named after these: its value is determined by its arguments and its code. What a theorem contributes comes in as
an argument, so another theory asks for another measurement. Floats among the arguments are told apart by 12 digits,
since libraries differ in the last.

*Staleness.* A measurement is believed only while its code is what it was: the source of its module and of all modules of
``numerics`` which that imports, all the way down. Versions and device are written down, and are no part of the code.

*Safety.* A value is JSON and is read back by the function's return type; no name in a file is ever imported or called.
"""

from __future__ import annotations

import ast
import hashlib
import json
import math
import platform
import time
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache, partial, wraps
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from numerics.evidence import journal
from numerics.evidence.journal import NotRecorded

P = ParamSpec("P")
T = TypeVar("T")
DRAWING = ("numpy", "torch")  # the packages whose versions are written down
DIGITS = 12  # by which floats among the arguments are told apart


class NotMeasured(Exception):
    """A measurement is missing or stale where none may be drawn; the message is one sentence."""


@dataclass(frozen=True)
class Kept:
    """A measurement as kept: its name with the arguments, the hash of its code, its value as JSON, when and by what made."""

    name: str
    code: str
    value: Any
    seconds: float
    made: str

    @property
    def digest(self) -> str:
        """SHA-256 of name, code and value: what a number in print points to."""
        return hashlib.sha256(json.dumps([self.name, self.code, self.value]).encode()).hexdigest()


class Shelf:
    """The measurements at hand and where new ones go; ``used``: those asked for; ``stale``: names of those not believed."""

    def __init__(self, known: Sequence[Kept] = (), append: Callable[[Kept], object] | None = None, draw: bool = True):
        self.known = {(each.name, each.code): each for each in known}
        self.stale: set[str] = set()
        self.used: dict[str, Kept] = {}
        self._names = {each.name for each in known}
        self._append, self._draw = append, draw

    def find(self, name: str, code: str) -> Kept | None:
        """What is known under a name by the code of that hash."""
        found = self.known.get((name, code))
        if found is None and name in self._names:
            self.stale.add(name)
        if found is not None:
            self.used[name] = found
        return found

    def measure(self, name: str, code: str, draw: Callable[[], Any]) -> Kept:
        """Draw and keep; raises NotMeasured on a shelf that is only read."""
        if not self._draw:
            state = "is stale: the code that measured it has changed" if name in self.stale else "is missing"
            raise NotMeasured(f"the evidence for {name} {state}; measure it anew with 'make printed'.")
        start = time.perf_counter()
        value = draw()
        return self.keep(name, code, value, time.perf_counter() - start)

    def keep(self, name: str, code: str, value: Any, seconds: float) -> Kept:
        """Keep what has been drawn."""
        found = Kept(name, code, _encoded(value), seconds, _made())
        self.known[name, code] = self.used[name] = found
        if self._append:
            self._append(found)
        return found


_shelf = Shelf()


class Measured(Generic[P, T]):
    """A function whose values are kept; calling it gives the value, ``kept`` the record, ``recall`` draws nothing."""

    def __init__(self, function: Callable[P, T]) -> None:
        wraps(function)(self)
        self.function = function

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """The value for these arguments; drawn where it is not known."""
        return self._value(self.kept(*args, **kwargs))

    def kept(self, *args: P.args, **kwargs: P.kwargs) -> Kept:
        """The measurement for these arguments; raises NotMeasured where it is not known and may not be drawn."""
        name, code = self.label(*args, **kwargs), self.code(*args, **kwargs)
        return _shelf.find(name, code) or _shelf.measure(name, code, lambda: self.function(*args, **kwargs))

    def recall(self, *args: P.args, **kwargs: P.kwargs) -> T | None:
        """The value if it is known by today's code, else None."""
        found = _shelf.find(self.label(*args, **kwargs), self.code(*args, **kwargs))
        return None if found is None else self._value(found)

    def keep(self, value: T, *args: P.args, **kwargs: P.kwargs) -> None:
        """Keep a value that another call of the same code has drawn for these arguments, unless one is known."""
        name, code = self.label(*args, **kwargs), self.code(*args, **kwargs)
        if _shelf.find(name, code) is None:
            _shelf.keep(name, code, value, seconds=0.0)

    def code(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """The hash of what measures: the function's own code, and that of functions among its arguments."""
        functions = [each for each in (*args, *kwargs.values()) if isinstance(each, types.FunctionType)]
        return code_of(*dict.fromkeys(each.__module__ for each in (self.function, *functions)))

    def label(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """The name of the measurement for these arguments."""
        given = [*map(_written, args), *(f"{name}={_written(value)}" for name, value in sorted(kwargs.items()))]
        return f"{self.function.__module__}.{self.function.__qualname__}({', '.join(given)})"

    def _value(self, found: Kept) -> T:
        hints = types.SimpleNamespace(__annotations__={"return": self.function.__annotations__["return"]})
        kind = get_type_hints(hints, getattr(self.function, "__globals__", {}))["return"]
        value: T = _decoded(kind, found.value)
        return value


def measured(function: Callable[P, T]) -> Measured[P, T]:
    """Keep what a function measures; its return annotation says how a value is read back."""
    return Measured(function)


@contextmanager
def keeping(into: Path | None = None, known: Iterable[Path] = (), draw: bool = True) -> Iterator[Shelf]:
    """Read measurements from journals, and keep new ones ``into`` a journal, until the block ends.

    known: journals that are read only; those that are not there are passed over.  draw: whether what is missing may be
    drawn.  Raises NotRecorded for a file that is no journal, was changed, cannot be written, or is in use.
    """
    global _shelf
    before, found = _shelf, [each for path in known if path.exists() for each in _read(journal.lines(path))]
    try:
        if into is None:
            _shelf = Shelf(found, draw=draw)
            yield _shelf
        else:
            with journal.opened(into) as file:
                _shelf = Shelf([*found, *_read(file.lines)], partial(_append, file), draw)
                yield _shelf
    finally:
        _shelf = before


def write_kept(path: Path, measurements: Iterable[Kept]) -> None:
    """Put a journal of these measurements in the place of the one at a path."""
    fresh = path.with_name(f".{path.name}-new")
    fresh.unlink(missing_ok=True)
    with journal.opened(fresh) as file:
        for each in measurements:
            _append(file, each)
    fresh.replace(path)


def _append(file: journal.Journal, each: Kept) -> None:
    file.append("measured", **asdict(each))


def _made() -> str:
    """The date, and the versions of what draws."""
    versions = ", ".join(f"{name} {version(name)}" for name in DRAWING)
    return f"{datetime.now(UTC):%Y-%m-%d}, python {platform.python_version()}, {versions}"


def _read(lines: Iterable[journal.Line]) -> list[Kept]:
    try:
        measured = [line for line in lines if line["kind"] == "measured"]
        return [Kept(**{field.name: line[field.name] for field in fields(Kept)}) for line in measured]
    except KeyError as missing:
        raise NotRecorded(f"a line of measurements has no {missing}; use another file.") from None


# --- the code --------------------------------------------------------------------------------------


@cache
def code_of(*modules: str) -> str:
    """SHA-256 of modules' sources and of those of all modules of ``numerics`` that they import, all the way down."""
    seen: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in seen and (source := _source(name)) is not None:
            seen[name] = source
            waiting += _imported(source)
    return hashlib.sha256(json.dumps(sorted(seen.items())).encode()).hexdigest()


def _source(module: str) -> str | None:
    """The source of a module, None where there is no such module: a name imported from one."""
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:
        return None
    return Path(spec.origin).read_text(encoding="utf-8") if spec and spec.origin else None


def _imported(source: str) -> Iterator[str]:
    """The modules of numerics that a source names in its imports, lazy ones too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "numerics":
            assert node.module is not None
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "numerics")


# --- arguments and values as text ------------------------------------------------------------------


def _written(argument: Any) -> str:
    if isinstance(argument, tuple):
        return f"({', '.join(map(_written, argument))})"
    if is_dataclass(argument) and not isinstance(argument, type):
        parts = ", ".join(f"{field.name}={_written(getattr(argument, field.name))}" for field in fields(argument))
        return f"{type(argument).__name__}({parts})"
    if isinstance(argument, types.FunctionType):
        return f"{argument.__module__}.{argument.__qualname__}"
    return f"{argument:.{DIGITS}g}" if isinstance(argument, float) else repr(argument)


def _encoded(value: Any) -> Any:
    """As JSON, which has neither infinities nor NaN: they become words."""
    if is_dataclass(value):
        return {field.name: _encoded(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray):
        return _encoded(value.tolist())
    if isinstance(value, (tuple, list)):
        return [_encoded(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"a measurement is made of numbers, words, tuples, arrays and records, not of {type(value)}.")


def _decoded(kind: Any, value: Any) -> Any:
    """A value from JSON, as its annotation says."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if value is None else _decoded(next(part for part in parts if part is not type(None)), value)
    if origin is tuple:
        kinds = [parts[0]] * len(value) if parts[-1] is Ellipsis else parts
        return tuple(_decoded(each, part) for each, part in zip(kinds, value, strict=True))
    if origin is np.ndarray:
        return np.array(value, dtype=np.float64)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(**{name: _decoded(hints[name], part) for name, part in value.items()})
    return float(value) if kind is float else value
