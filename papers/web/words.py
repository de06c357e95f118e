"""Small things that every part of the page uses: formulas, anchors, badges, links of citations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

import sympy as sp
from markupsafe import Markup, escape

from papers.claims_view import SHORTEST_UNIT
from theory.proof.mathml import mathml, pieces

_NAME = re.compile(r"\w+(?:[.-]\w+)*")  # a BibTeX key, a claim's id, a theorem's name
_EXPONENT = re.compile(r"(?<=\d)e([+-]?\d+)\b")

Linker: TypeAlias = Callable[[str], Markup]

COLOURS = {  # of a verdict's badge; each carries its word too
    **dict.fromkeys(("proved", "confirmed", "agrees"), "green"),
    **dict.fromkeys(("enclosed", "idealised"), "blue"),
    **dict.fromkeys(("accurate-to", "sampled"), "teal"),
    **dict.fromkeys(("cited", "assumed", "corrected"), "amber"),
    **dict.fromkeys(("refuted", "not built"), "red"),
    **dict.fromkeys(("unknown", "open", "undecided", "undecidable"), "grey"),
}


def inline(expr: sp.Basic) -> Markup:
    """A formula in a line of words."""
    return Markup(mathml(expr))


def display(expr: sp.Basic, sign: str = "") -> Markup:
    """A formula with room of its own, after a relation's sign if one is given; it may be broken into lines."""
    return Markup(" ".join(pieces(expr, sign)))


def badge(verdict: str) -> Markup:
    """A verdict as a coloured word."""
    return Markup('<span class="badge {}">{}</span>').format(COLOURS.get(verdict, "grey"), verdict)


def anchor(kind: str, name: str) -> str:
    """The id of an entry: what it is, and its name in letters, digits, dots, hyphens and underscores."""
    return f"{kind}-{re.sub(r'[^A-Za-z0-9._-]', '-', name)}"


def link(kind: str, name: str) -> Markup:
    """A link to an entry of this page, by its name."""
    return Markup('<a href="#{}">{}</a>').format(anchor(kind, name), name)


def linker(targets: Mapping[str, str]) -> Linker:
    """Turns words into words with links: each name among the targets, which maps names to their kinds, becomes one."""

    def linked(text: str) -> Markup:
        shown, end = Markup(), 0
        for found in _NAME.finditer(text):
            if found[0] in targets:
                shown += escape(text[end : found.start()]) + link(targets[found[0]], found[0])
                end = found.end()
        return shown + escape(text[end:])

    return linked


def powers(text: str) -> Markup:
    """Words in which a number such as 1.5e-07 has a power of ten."""
    shown, end = Markup(), 0
    for found in _EXPONENT.finditer(text):
        shown += escape(text[end : found.start()]) + Markup("·10<sup>{}</sup>").format(
            f"{int(found[1])}".replace("-", "−")
        )
        end = found.end()
    return shown + escape(text[end:])


def listed(expr: sp.Basic | None) -> list[Markup]:
    """The expressions of a claim, a line each: those of a Tuple that are not empty, short fractions as decimals."""
    parts = expr.args if isinstance(expr, sp.Tuple) else () if expr is None else (expr,)
    return [_written(part) for part in parts if part != sp.Tuple()]


def _written(expr: sp.Basic) -> Markup:
    if isinstance(expr, sp.Tuple):
        return Markup(", ").join(map(_written, expr.args))
    if isinstance(expr, sp.Rational) and expr.q != 1 and SHORTEST_UNIT % expr.q == 0:
        return escape(f"{Decimal(int(expr.p)) / int(expr.q):f}".replace("-", "−"))
    return display(expr)


def counted(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Verdicts with their numbers, the most frequent first."""
    return [{"verdict": v, "number": n} for v, n in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]
