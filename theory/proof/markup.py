"""Elements of presentation MathML as text: the bricks of `mathml`, which alone uses them.

An element is a string; everything that comes from outside is escaped here and nowhere else.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from html import escape

from sympy.printing.conventions import split_super_sub
from sympy.printing.pretty.pretty_symbology import greek_unicode

LETTERS = {**greek_unicode, "ell": "ℓ"}
_WORD = r"<mi>[^<]{2,}</mi>"  # a name of several letters, which MathML sets upright
_OPENING, _CLOSING = r"(<(mrow|msup|msub|msubsup)>)*", r"(</\w+>)*"
_TALL = re.compile("<(mfrac|munder|msu[bp]|msubsup|msqrt|mroot|mtable)")
_STUB = 8  # characters: a row is not worth a start or an end that is shorter
_UNSEEN, _THIN = "<mo>&#x2062;</mo>", '<mo lspace="0.17em">&#x2062;</mo>'  # invisible times
_APPLIED = "<mo>&#x2061;</mo>"  # between a function and its argument, not seen


def tag(name: str, *children: str, **attributes: str) -> str:
    """An element of elements."""
    given = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    return f"<{name}{given}>{''.join(children)}</{name}>"


def row(*children: str) -> str:
    """Elements beside each other, as one element."""
    kept = [child for child in children if child]
    return kept[0] if len(kept) == 1 else tag("mrow", *kept)


def mi(text: str, **attributes: str) -> str:
    """A name: one letter is italic, several are upright."""
    return tag("mi", escape(text), **attributes)


def mo(text: str, **attributes: str) -> str:
    """An operator or a bracket."""
    return tag("mo", escape(text), **attributes)


def mn(text: str) -> str:
    """A number."""
    return tag("mn", escape(text))


def words(text: str) -> str:
    """Text in a formula."""
    return tag("mtext", escape(text))


def infix(sign: str) -> str:
    """An operator between two sides, with space around it even where a line starts with it."""
    return mo(sign, form="infix")


def minus(body: str) -> str:
    """The body with a sign in front."""
    return row(mo("−", form="prefix"), body)


def fenced(body: str, left: str = "(", right: str = ")") -> str:
    """The body between brackets that grow with it; around one plain line they stay as small as in text."""
    grows = {"symmetric": "false"} if _TALL.search(body) else {"stretchy": "false"}
    return row(mo(left, form="prefix", **grows), body, mo(right, form="postfix", **grows))


def listed(parts: Sequence[str]) -> str:
    """Elements with commas between."""
    return row(*[each for part in parts for each in (mo(","), part)][1:])


def applied(function: str, arguments: Sequence[str]) -> str:
    """A function of arguments in round brackets."""
    return row(function, _APPLIED, fenced(listed(arguments)))


def scripts(base: str, below: str = "", above: str = "") -> str:
    """The base with what stands below and above, where there is something."""
    if above and not below and base.startswith("<msub>"):  # an exponent stands over the index
        return base.replace("<msub>", "<msubsup>", 1).removesuffix("</msub>") + above + "</msubsup>"
    if below and above:
        return tag("msubsup", base, below, above)
    return tag("msub", base, below) if below else tag("msup", base, above) if above else base


def limits(sign: str, below: str, above: str = "") -> str:
    """A large operator with what stands under and over it."""
    return tag("munderover", mo(sign), below, above) if above else tag("munder", mo(sign), below)


def times(factors: Sequence[str], wide: int | None = None) -> str:
    """A product: a dot before a digit, a thin space beside a word, else nothing that is seen between factors.

    wide: the characters of a line, beyond which the product is set in several.
    """
    pairs = itertools.pairwise(factors)
    parts = [factors[0], *[row(_between(before, after), after) for before, after in pairs]] if factors else []
    return lines(parts, [row(infix("⋅"), factor) for factor in factors], wide)


def lines(parts: Sequence[str], starts: Sequence[str], wide: int | None) -> str:
    """Parts in a row, or in several rows below each other of at most `wide` characters.

    starts: the parts as they start a row.
    """
    rows: list[list[str]] = []
    filled = 0
    for part, start in zip(parts, starts, strict=True):
        length = _length(part)
        if rows and (wide is None or min(filled, length) < _STUB or filled + length <= wide):
            rows[-1].append(part)
            filled += length
        else:
            rows.append([start if rows else part])
            filled = length
    if len(rows) == 1:
        return row(*rows[0])
    return tag("mtable", *[tag("mtr", tag("mtd", row(*each))) for each in rows], displaystyle="true")


def _length(element: str) -> int:
    return len(re.sub(r"<[^>]*>|&[^;]*;", "", element))


def _between(before: str, after: str) -> str:
    if re.match(_OPENING + "<mn>", after):
        return mo("⋅")
    worded = re.match(_OPENING + _WORD, after) or re.search(_WORD + _CLOSING + "$", before)
    return _THIN if worded else _UNSEEN


def name(text: str) -> str:
    """A symbol's name: Greek letters, primes raised, trailing digits and what follows an underscore lowered."""
    stem, raised, lowered = split_super_sub(text.replace("'", "′"))
    letter = stem.rstrip("′")
    above = [mo(stem[len(letter) :])] if stem != letter else []
    above += [listed([_script(part) for part in raised])] if raised else []
    below = listed([_script(part) for part in lowered]) if lowered else ""
    return scripts(mi(LETTERS.get(letter, letter)), below, row(*above) if above else "")


def _script(text: str) -> str:
    return mn(text) if text.isdecimal() else mi(LETTERS.get(text, text))
