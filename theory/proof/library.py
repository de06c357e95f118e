"""The library: theorems registered by name, found by name, loaded from the subjects of `theory`.

A theorem joins by being defined: the `theorem` decorator registers it.  Importing a user's module is enough to add its
theorems; nothing else changes.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import sympy as sp

from theory.probability.setting import DETERMINISTIC, Setting
from theory.proof.theorem import Builder, Parameter, Theorem

SUBJECTS = (
    "theory.probability.facts",
    "theory.random_walk.chi_square",
    "theory.backpropagation",
    "theory.variance",
    "theory.variance_conditions",
    "theory.weight_laws",
    "theory.singular_values",
    "theory.jacobian",
    "theory.random_walk.masks",
    "theory.random_walk.ratio",
    "theory.random_walk.logarithm",
    "theory.random_walk.walk",
    "theory.random_walk.gains",
    "theory.random_walk.series",
    "theory.random_walk.laws",
    "theory.failure_modes.lengths",
    "theory.failure_modes.second_moments",
    "theory.failure_modes.layer_variance",
    "theory.failure_modes.length_ratio",
    "theory.failure_modes.logarithms",
    "theory.failure_modes.dead_layers",
    "theory.failure_modes.initialisations",
    "theory.failure_modes.linear_modules",
    "theory.failure_modes.residual",
    "theory.failure_modes.bounds",
    "theory.failure_modes.widths",
    "theory.failure_modes.convolutions",
    "theory.failure_modes.residual_variance",
    "theory.failure_modes.linear_variance",
    "theory.gains",
    "theory.shattering.coactivation",
    "theory.shattering.layers",
    "theory.shattering.architectures",
    "theory.shattering.normalized",
    "theory.shattering.normalized_decay",
    "theory.shattering.rectifier",
    "theory.shattering.rectifier_decay",
    "theory.shattering.brownian",
    "theory.shattering.paths",
    "theory.shattering.batch",
    "theory.shattering.looks_linear",
)

_theorems: dict[str, Theorem] = {}


class UnknownTheorem(KeyError):
    """No theorem has the name asked for; the message suggests near ones."""

    def __str__(self) -> str:
        return str(self.args[0])


def theorem(
    name: str,
    *,
    source: str,
    parameters: Sequence[Parameter] = (),
    setting: Setting = DETERMINISTIC,
    constraint: Callable[[Mapping[str, Any]], str | None] = lambda values: None,
    implied: Mapping[sp.Basic, Callable[[Mapping[str, Any]], Any]] = {},
) -> Callable[[Builder], Theorem]:
    """Register the decorated builder as a theorem.

    source: a BibTeX key and a place in the paper.  constraint: returns a complaint about bound parameter values that no
    single domain can express, or None.  implied: symbols whose values follow from the parameters.
    """

    def register(builder: Builder) -> Theorem:
        if name in _theorems and _theorems[name].builder.__module__ != builder.__module__:
            raise ValueError(f"there is already a theorem {name}, in {_theorems[name].builder.__module__}")
        made = Theorem(name, builder, tuple(parameters), source, setting, constraint, implied)
        _theorems[name] = made
        return made

    return register


@cache
def _load() -> None:
    for subject in SUBJECTS:
        importlib.import_module(subject)


def theorems() -> tuple[Theorem, ...]:
    """All theorems of `theory`, in the order of their subjects and, within a file, from top to bottom."""
    own = [theorem for theorem in registered() if theorem.builder.__module__ in SUBJECTS]
    return tuple(sorted(own, key=lambda t: (SUBJECTS.index(t.builder.__module__), t.builder.__code__.co_firstlineno)))


def registered() -> tuple[Theorem, ...]:
    """All theorems of `theory` and of every other module that was imported, in the order of their definition."""
    _load()
    return tuple(_theorems.values())


def find(name: str) -> Theorem:
    """The theorem of a name; UnknownTheorem suggests near names."""
    _load()
    if name not in _theorems:
        near = difflib.get_close_matches(name, _theorems, n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; 'initium list' shows all names"
        raise UnknownTheorem(f"there is no theorem {name}{hint}")
    return _theorems[name]
