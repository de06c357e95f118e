"""What a record must know of its origin: which theorem, which code, which machine.

*A theorem's hash* covers what the theorem says and how it is proved: every line of every proof with its relation and reason,
the equations of its network, its assumptions and citations, and all of that for each theorem it uses. Comments,
docstrings and other theorems do not enter. Trees are written by SymPy's ``srepr``, but with a symbol's assumptions in the
order of their names: ``srepr`` has them as whichever equal symbol was made first in the process had them.

*The code's hash* covers all sources of ``numerics``: what draws, measures, and sums. A sample is repeated exactly only by
the same code under the same versions on the same kind of device.
"""

from __future__ import annotations

import hashlib
import json
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from theory.proof.theorem import Theorem

SOURCES = Path(__file__).resolve().parents[1]


def theorem_hash(theorem: Theorem) -> str:
    """SHA-256 of a theorem's statement and proof, all the way down; judges the proof where its verdict is not known."""
    from theory.proof.cache import record_of
    from theory.proof.library import find

    record = record_of(theorem)
    below = [_content(find(name)) for name in record.theorems]
    return _hash([_content(theorem), below, record.verdict, record.assumptions, record.citations])


def origin(place: torch.device) -> dict[str, str]:
    """Versions, code, device and precision switches, by name."""
    import numpy

    from numerics.sampling import devices

    try:
        own = version("initium")
    except PackageNotFoundError:  # run from its sources
        own = "not installed"
    versions = {"initium": own, "python": platform.python_version(), "numpy": numpy.__version__}
    return versions | devices.record(place) | {"code": code_hash()}


@cache
def code_hash() -> str:
    """SHA-256 of all sources of ``numerics``, as they were when first asked for."""
    paths = sorted(SOURCES.rglob("*.py"))
    return _hash([(path.relative_to(SOURCES).as_posix(), path.read_text(encoding="utf-8")) for path in paths])


@cache
def _content(theorem: Theorem) -> list[Any]:
    written = _printer().doprint
    definitions = [(d.name, written(d.pattern), written(d.body)) for d in theorem.setting.definitions]
    lines = [
        (s.name, written(s.left), s.relation, written(s.right), s.rule.name, s.rule.kind, s.rule.source, s.rule.uses)
        for derivation in theorem.derivations()
        for s in derivation.steps
    ]
    parameters = [(p.name, p.domain.describe()) for p in theorem.parameters]
    return [theorem.name, theorem.source, parameters, definitions, lines]


@cache
def _printer() -> Any:
    import sympy as sp
    from sympy.printing.repr import ReprPrinter

    class Sorted(ReprPrinter):
        def _print_Symbol(self, expr: sp.Symbol) -> str:
            assumptions = "".join(f", {name}={value}" for name, value in sorted(expr._assumptions_orig.items()))
            return f"{type(expr).__name__}({expr.name!r}{assumptions})"

    return Sorted()


def _hash(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
