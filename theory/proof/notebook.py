r"""Pages for notebooks: HTML with MathML, which front ends prefer, LaTeX, which `nbconvert` prints, and text for terminals.

The LaTeX is displays alone ($$ ... $$) and uses no command that MathJax, KaTeX and LaTeX with amsmath do not share; a
character that TeX would take for a command stands between two \text{ }, since MathJax reads no \% inside one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html import escape
from itertools import groupby
from typing import Any

import sympy as sp

from theory.proof.interpret import UnknownNode
from theory.proof.mathml import pieces
from theory.proof.notation import latex, unicode
from theory.proof.render import LATEX_RELATIONS, RELATIONS, SIGNS
from theory.proof.shown import Block, Content, Facts, Grid, Line, Page, Proof, Words

_WIDE = 88  # characters of a line of LaTeX's words: about as many as a page is wide
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(\([0-9]+\))?")
_MATH = '<math displaystyle="true"'  # sums with their limits above and below: there is room
_LEFT = ' style="text-align:left"'  # Jupyter aligns the cells of tables at the right


def _once(facts: tuple[tuple[str, Content], ...]) -> Iterator[tuple[str, Content]]:
    """Facts with each label once, where several have the same."""
    before = ""
    for label, content in facts:
        yield "" if label == before else label, content
        before = label


# --- text -----------------------------------------------------------------------------------------


def as_text(page: Page) -> str:
    """A page as lines of Unicode."""
    return "\n".join([page.title] * bool(page.title) + [line for block in page.blocks for line in _text_lines(block)])


def text(content: Content) -> str:
    """Words and formulas as one line of Unicode."""
    if isinstance(content, tuple):
        return "".join(map(text, content))
    return unicode(content) if isinstance(content, sp.Basic) else " ".join(content.split("\n"))


def _text_lines(block: Block) -> Iterator[str]:
    match block:
        case Words(content):
            yield text(content)
        case Line():
            yield f"  {unicode(block.left)} {RELATIONS[block.relation]} {unicode(block.right)}"
        case Facts(facts):
            margin = max((len(label) for label, _ in facts), default=0)
            yield from (f"  {label:{margin}}  {text(content)}" for label, content in _once(facts))
        case Proof(title, lines):
            yield title
            for line in lines:
                yield from [] if line.left is None else [f"      {unicode(line.left)}"]
                yield f"  {line.name:>3} {RELATIONS[line.relation]} {unicode(line.right)}    ({line.reason})"
        case Grid(headings, rows):
            shown = [[text(cell) for cell in row] for row in (headings, *rows)]
            widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
            for row in shown:
                yield "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))


# --- HTML -----------------------------------------------------------------------------------------


def as_html(page: Page) -> str:
    """A page as HTML that needs no script and no style sheet."""
    title = [f"<p><strong>{escape(page.title)}</strong></p>"] if page.title else []
    return "\n".join([*title, *map(_html_block, page.blocks)])


def html(content: Content) -> str:
    """Words, escaped; a formula as MathML; several in a row."""
    if isinstance(content, tuple):
        return "".join(map(html, content))
    return _formula(content) if isinstance(content, sp.Basic) else escape(content)


def _formula(expr: Any, sign: str = "") -> str:
    """A formula that may break into lines; in Unicode where a node has no notation in MathML, a user's own for example."""
    try:
        return " ".join(piece.replace("<math", _MATH, 1) for piece in pieces(expr, sign))
    except UnknownNode:
        return f"<code>{escape(f'{sign} {unicode(expr)}'.strip())}</code>"


def _html_block(block: Block) -> str:
    match block:
        case Words(content):
            return f"<p>{html(content)}</p>"
        case Line():
            sides = f"{_formula(block.left)} {_formula(block.right, RELATIONS[block.relation])}"
            return f'<p style="margin-left:2em">{sides}</p>'
        case Facts(facts):
            rows = (_html_row("td", fact, frozenset()) for fact in _once(facts))
            return f"<table>{''.join(rows)}</table>"
        case Proof(title, lines, unfolded):
            opened = ' open=""' if unfolded else ""
            summary = f"<summary>{escape(title)}</summary>"
            return f"<details{opened}>{summary}<table>{''.join(map(_html_line, lines))}</table></details>"
        case Grid(headings, rows, numbers):
            head = f"<thead>{_html_row('th', headings, numbers)}</thead>"
            body = "".join(_html_row("td", row, numbers) for row in rows)
            return f"<table>{head}<tbody>{body}</tbody></table>"


def _html_line(line: Line) -> str:
    """A line of a proof, its reason below it: beside a wide formula nobody would see it."""
    opening = f"<tr><td></td><td{_LEFT}>{_formula(line.left)}</td></tr>" if line.left is not None else ""
    formula = _formula(line.right, RELATIONS[line.relation])
    reason = f'<div style="opacity:0.7">{escape(line.reason)}</div>'
    return f"{opening}<tr><td{_LEFT}>{escape(line.name)}</td><td{_LEFT}>{formula}{reason}</td></tr>"


def _html_row(kind: str, cells: tuple[Content, ...], numbers: frozenset[int]) -> str:
    styled = ((html(cell), "" if at in numbers else _LEFT) for at, cell in enumerate(cells))
    return f"<tr>{''.join(f'<{kind}{style}>{cell}</{kind}>' for cell, style in styled)}</tr>"


# --- LaTeX ----------------------------------------------------------------------------------------


def as_latex(page: Page) -> str:
    """A page as displays for MathJax."""
    title = [_display(words(page.title))] if page.title else []
    return "\n".join([*title, *map(_latex_block, page.blocks)])


def tex(content: Content) -> str:
    """Words, numbers and formulas for math mode."""
    if isinstance(content, tuple):
        return "".join(map(tex, content))
    if isinstance(content, sp.Basic):
        return latex(content)
    return content if _NUMBER.fullmatch(content) else words(content)


def _lines(content: Content) -> list[str]:
    """Content for math mode, broken into lines, since a display is not."""
    lines: list[str] = []
    line: list[Content] = []
    length = 0
    for part in _unbroken(content):
        wide = len(unicode(part)) if isinstance(part, sp.Basic) else len(part)
        if line and length + wide > _WIDE:
            lines, line, length = [*lines, tex(_joined(line))], [], 0
        line, length = [*line, part], length + wide
    return [*lines, tex(_joined(line))]


def _unbroken(content: Content) -> Iterator[Content]:
    """Single words, each with the space behind it, and formulas."""
    if isinstance(content, tuple):
        for part in content:
            yield from _unbroken(part)
    elif isinstance(content, str):
        yield from re.findall(r"\s*\S+\s*", content)
    else:
        yield content


def _joined(parts: list[Content]) -> Content:
    """Neighbouring words as one."""
    groups = groupby(parts, key=lambda part: isinstance(part, str))
    return tuple(each for words, group in groups for each in (["".join(group)] if words else group))


def words(text: str) -> str:
    r"""Words for math mode: \text{ } with every special character, as mathematics, between two of them."""
    found, run = "", ""
    for character in text:
        if character in _marks():
            found += (rf"\text{{{run}}}" if run else "") + _marks()[character]
            run = ""
        else:
            run += character if character.isprintable() else " "
    return found + (rf"\text{{{run}}}" if run else "")


@cache
def _marks() -> dict[str, str]:
    """What a special character is in math mode."""
    return {
        **{mark: rf"\{mark}" for mark in "&%$#_{}"},
        **{"\\": r"{\backslash}", "~": r"{\sim}", "^": r"\hat{\ }", "<": " {<} ", ">": " {>} "},
        **{"²": "{}^{2}", "′": "{}'", "±": r"{\pm}", "·": r"{\cdot}", "×": r"{\times}", "√": r"{\surd}", "−": "{-}"},
        **{"∏": r"{\Pi}", "∫": r"{\int}", "→": r"{\to}", "↦": r"{\mapsto}", "∧": r"{\wedge}", "∨": r"{\vee}"},
        **{sign: rf"{{\{name}}}" for sign, name in SIGNS.items()},
    }


def _display(body: str) -> str:
    return f"$${body}$$"


def _aligned(rows: list[str]) -> str:
    return _display("\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}")


def _latex_block(block: Block) -> str:
    match block:
        case Words(content):
            return _aligned([f"&{line}" for line in _lines(content)])
        case Line():
            return _display(f"{latex(block.left)} {LATEX_RELATIONS[block.relation]} {latex(block.right)}")
        case Facts(facts):
            return _aligned([row for label, content in _once(facts) for row in _labelled(label, content)])
        case Proof():
            return _aligned(list(map(_latex_line, block.lines)))
        case Grid(headings, rows, numbers):
            columns = "".join("r" if at in numbers else "l" for at in range(len(headings)))
            first, *others = (" & ".join(map(tex, row)) for row in (headings, *rows))
            body = " \\\\\n".join([first, *others]).replace("\\\\\n", "\\\\ \\hline\n", 1)  # a rule below the headings
            return _display(f"\\begin{{array}}{{{columns}}}\n{body}\n\\end{{array}}")


def _labelled(label: str, content: Content) -> list[str]:
    first, *rest = _lines(content)
    return [f"&{words(label)} && {first}", *(f"& && {line}" for line in rest)]


def _latex_line(line: Line) -> str:
    left = f"{latex(line.left)} " if line.left is not None else ""
    return f"{left}&{LATEX_RELATIONS[line.relation]} {latex(line.right)} && {words(line.reason)}"
