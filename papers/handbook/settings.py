"""What the networks of a chapter are: their equations and the short names of moments, as the proofs use them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import signature

import sympy as sp

from papers.handbook.breaking import breakable
from papers.handbook.prose import heading
from papers.handbook.words import words
from theory import symbols
from theory.probability.setting import Definition, Setting
from theory.proof.notation import latex
from theory.proof.theorem import Theorem


def setting(theorems: Iterable[Theorem]) -> str:
    """A section with every equation and every notation of the settings that the steps of these theorems are in."""
    settings = {s.setting.name: s.setting for t in theorems for d in t.derivations() for s in d.steps}
    equations = list(dict.fromkeys(line for each in settings.values() for line in _equations(each)))
    notations = list(dict.fromkeys(line for each in settings.values() for line in _notations(each)))
    if not equations + notations:
        return ""
    lines = [heading("The networks, as the proofs see them"), *equations]
    if notations:
        lines += [r"\noindent Short for moments and means:\par", *notations]
    return "\n".join(lines)


def _equations(setting: Setting) -> Iterable[str]:
    for each in setting.definitions:
        condition = "" if each.where == sp.true else rf",\quad {latex(each.where)}"
        name = words(each.name + (" (an idealisation)" if each.assumption else ""))
        yield rf"\definition{{{_equation(each)}{condition}}}{{{name}}}"


def _equation(definition: Definition) -> str:
    return rf"{latex(definition.pattern)} = {breakable(definition.body)}"


def _notations(setting: Setting) -> Iterable[str]:
    for base, meaning in setting.notations.items():
        indices = (symbols.i, symbols.j)[: _arguments(meaning)]
        yield rf"\definition{{{latex(base[indices])} = {breakable(meaning(*indices))}}}{{}}"


def _arguments(meaning: Callable[..., sp.Expr]) -> int:
    return len(signature(meaning).parameters)
