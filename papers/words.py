"""Words as LaTeX: every character stands for itself, and what is a formula among them is set as one.

Captions, claims and findings are words in which formulas are written as one types them.  Recognised are a letter (also a
Greek one, by its name or itself) or a number with an index or a power, a power of a bracket, roots, relations, negative
numbers and powers of ten: M_d^2, n_{i+1}, nᵣ₊₁, gamma_1, (3/4)^L, sqrt(2), <=, -0.5, 1e-05.  Names of theorems and
addresses may be broken after a dot, a slash or an underscore.  All else is text.
"""

from __future__ import annotations

import re
import unicodedata

from sympy.printing.pretty.pretty_symbology import greek_unicode

from theory.proof import render

_MARKS = {  # that plain LaTeX shows as another sign, or does not know
    **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "`": r"\textasciigrave{}"},
    **{"'": "'{}", "-": "-{}"},  # two in a row would become a quotation mark or a dash
    **{"±": r"\(\pm\)", "−": r"\(-\)", "×": r"\(\times\)", "·": r"\(\cdot\)", "√": r"\(\surd\)", "→": r"\(\to\)"},
    **{"∏": r"\(\prod\)", "∈": r"\(\in\)", "Γ": r"\(\Gamma\)", "Δ": r"\(\Delta\)", "°": r"\textdegree{}"},
    **{"–": r"\textendash{}", "—": r"\textemdash{}", "…": r"\dots{}", "’": "'{}", "ß": r"\ss{}"},
    **{"“": r"\textquotedblleft{}", "”": r"\textquotedblright{}", "†": r"\dag{}", "‡": r"\ddag{}"},
}
_ACCENTS = dict(zip("\u0300\u0301\u0302\u0303\u0308\u030a\u0327\u030c", "`'^~\"rcv", strict=True))
_JOINED = re.compile(r"([-'])\{\}(?![-'])")

_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", "0123456789+-aehijklmnoprstuvx", strict=True))
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴰᴸᴺ", "0123456789+-abcdefghijklmnoprstuvwxyzDLN", strict=True))
_GREEK = {sign: name for name, sign in greek_unicode.items() if name.islower() and name != "omicron"}
_NAMES = frozenset(_GREEK.values())
_SIGNS = {"·": r"\cdot ", "*": " ", "≠": r"\ne ", "≤": r"\le ", "≥": r"\ge ", "→": r"\to ", "∞": r"\infty ", "′": "'"}
_OPERATORS = {"∏": r"\prod", "Σ": r"\sum", "Γ": r"\Gamma", "ψ": r"\psi"}
_RELATIONS = {"<=": r"\le", ">=": r"\ge", "+-": r"\pm", "->": r"\to", "~": r"\sim", **{sign: sign for sign in "<>-"}}
_RELATIONS |= {sign: _SIGNS[sign].strip() for sign in "≤≥"}

_greek = "".join(_GREEK)
_sign = rf"[A-Za-z0-9{_greek}+\-=., /·*'′≠≤≥→∞]"
_inside = (
    rf"(?:[A-Za-z{_greek}][_^][A-Za-z0-9{_greek}]+(?![\w^'′])|{_sign})"  # no script of a script: TeX has one of each
)
_bracket = rf"\((?:{_inside}|\({_inside}*\))*\)"
_script = rf"(?:\{{{_inside}+\}}|{_bracket}|-?[A-Za-z0-9{_greek}]+)"
_low = rf"(?:_{_script}|[{''.join(_LOWERED)}]+)"
_high = rf"(?:\^{_script}|[{''.join(_RAISED)}]+)"
_scripts = rf"(?:{_low}{_high}?|{_high}{_low}?)(?![\w^_{{])"
_letter = rf"(?:{'|'.join(sorted(_NAMES))}|(?:d[A-Za-z]/d)?[A-Za-zΓ∏Σ{_greek}]|[0-9]+(?:\.[0-9]+)?)"
_TOKEN = re.compile(
    rf"(?P<address>https?://[^\s<>]+)"
    rf"|(?P<power>(?<![\w.\\@]){_letter}{_scripts}|(?<=[)\]|]){_high}(?![\w^_{{]))"
    rf"|(?P<root>(?<![\w\\])sqrt(?:{_bracket}| [0-9]+\b| [A-Za-z]\b)|√(?:{_bracket}|[0-9]+|[A-Za-z{_greek}]))"
    rf"|(?P<letter>(?<![\w\\.])(?:{'|'.join(sorted(_NAMES))})(?![\w.])"
    r"|(?<![\w'\\.])[A-Za-z](?= (?:=|<|>|<=|>=) )|(?<= = )[A-Za-z](?![\w'./])"
    r"|(?<![\w'./])-?(?:[A-Za-z]|[0-9]+)/(?:[A-Za-z]|[0-9]+)(?![\w'/^]))"
    r"|(?P<number>(?<![\w.)-])-?[0-9]+(?:\.[0-9]+)?e[+-]?[0-9]+(?!\w)|(?<![\w.)-])-(?:[0-9]+(?:\.[0-9]+)?(?![\w.])|(?=(?:ln|exp|[A-Za-z])\b)))"
    r"|(?P<tie>\b(?:Var|E|ln|exp|[Ee]q\.|Table) (?=[\w(])| (?=…))"
    r"|(?P<relation>(?<= )(?:<=|>=|\+-|->|[-<>≤≥~])(?= ))"
    r"|(?P<name>(?<=[a-z])[._](?=[a-z]))"
)
_SCRIPT = re.compile(rf"([_^])({_script})")


def escape(text: str) -> str:
    """Words as LaTeX text in which every character stands for itself, on one line.

    A character that pdfLaTeX's standard fonts do not have is shown by its code point.
    """
    escaped = "".join(map(_escaped, re.sub(r"\s+", " ", text)))
    return _JOINED.sub(r"\1", escaped)


def typeset(text: str) -> str:
    """Words as LaTeX text on one line, escaped, with formulas among them in mathematics and names that may be broken."""
    text, parts, at = re.sub(r"\s+", " ", text), [], 0
    for found in _TOKEN.finditer(text):
        parts += [escape(text[at : found.start()]), _TYPESET[str(found.lastgroup)](found[0])]
        at = found.end()
    return "".join([*parts, escape(text[at:])])


def _escaped(character: str) -> str:
    if character in _MARKS:
        return _MARKS[character]
    if character in _LOWERED:
        return rf"\textsubscript{{{_LOWERED[character]}}}"
    escaped = render.escape(character)
    if escaped != character or (character.isascii() and character.isprintable()):
        return escaped
    if character in _RAISED:
        return rf"\textsuperscript{{{_RAISED[character]}}}"
    parts = unicodedata.normalize("NFD", character)
    if len(parts) == 2 and parts[0].isascii() and parts[0].isalpha() and parts[1] in _ACCENTS:
        return rf"\{_ACCENTS[parts[1]]}{{{parts[0]}}}"
    return rf"\texttt{{U+{ord(character):04X}}}"


# --- formulas --------------------------------------------------------------------------------------


def _math(text: str) -> str:
    """What a formula pattern matched, in math mode: no character in it but those that `_inside` allows, and brackets."""
    at = _SCRIPT.search(text)
    if at is None:
        return re.sub(rf"[A-Za-z]+|[{_greek}{''.join(_SIGNS)}{''.join(_OPERATORS)}]", _atom, text)
    script = at[2][1:-1] if at[2][0] in "({" else at[2]
    return f"{_math(text[: at.start()])}{at[1]}{{{_math(script)}}}{_math(text[at.end() :])}"


def _atom(found: re.Match[str]) -> str:
    """A word, a letter or a sign; of words only the names of Greek letters and of functions are no plain names."""
    text = found[0]
    if text in _OPERATORS:
        return f"{_OPERATORS[text]} "
    if text in _SIGNS:
        return _SIGNS[text]
    if text in _GREEK or text in _NAMES:
        return rf"\{_GREEK.get(text, text)} "
    letters = len(text) == 1 or re.fullmatch("d[A-Za-z]", text)  # a differential is no word
    return text if letters else rf"\mathrm{{{text}}}"


def _power(text: str) -> str:
    typed = _typed(_typed(text, "_", _LOWERED), "^", _RAISED)
    return rf"\({_math(typed)}\)"


def _typed(text: str, mark: str, small: dict[str, str]) -> str:
    """Small characters as one types them, after a mark."""
    return re.sub(f"[{''.join(small)}]+", lambda run: f"{mark}{{{''.join(small[c] for c in run[0])}}}", text)


def _root(text: str) -> str:
    body = text.removeprefix("sqrt").removeprefix("√").lstrip()
    return rf"\(\sqrt{{{_math(body[1:-1] if body[0] == '(' else body)}}}\)"


def _number(text: str) -> str:
    mantissa, _, exponent = text.partition("e")
    return rf"\({mantissa}" + (rf" \cdot 10^{{{int(exponent)}}}\)" if exponent else r"\)")


def _address(text: str) -> str:
    return re.sub(r"(?<=[/.\-])(?=[A-Za-z0-9])|(?<=\\_)", r"\\allowbreak{}", escape(text))


_TYPESET = {
    "address": _address,
    "power": _power,
    "root": _root,
    "letter": lambda text: rf"\({_math(text).strip()}\)",
    "number": _number,
    "tie": lambda text: f"{escape(text.rstrip())}~",
    "relation": lambda text: rf"\({_RELATIONS[text]}\)",
    "name": {".": r".\allowbreak{}", "_": r"\_\penalty50{}"}.__getitem__,  # rather after a dot
}
