"""Plain-text mathematics, as one types it inside words, as LaTeX: E M_d^2 <= exp(sum_j 1/n_j)."""

from __future__ import annotations

import re

from sympy.printing.pretty.pretty_symbology import greek_unicode

CAPITALS = (
    "Gamma",
    "Delta",
    "Theta",
    "Lambda",
    "Xi",
    "Pi",
    "Sigma",
    "Phi",
    "Psi",
    "Omega",
)  # that look unlike Latin ones
GREEK = [*(n for n in greek_unicode if n.islower() and n not in ("omicron", "lamda")), *CAPITALS, "ell"]
GREEK_LETTERS = [greek_unicode[name] for name in GREEK if name in greek_unicode]
OPERATORS = {
    **{
        name: rf"\{name} "
        for name in ("ln", "exp", "max", "min", "cos", "sin", "tan", "arccos", "arcsin", "lim", "log")
    },
    **{name: rf"\operatorname{{{name}}}" for name in ("erf", "erfc", "relu", "sign", "cut", "Re")},
    **{"E": r"\mathbb{E} ", "Var": r"\operatorname{Var} ", "Cov": r"\operatorname{Cov}", "P": "P"},
    **{"sum": r"\sum", "prod": r"\prod", "int": r"\int ", "infinity": r"\infty "},
    **{name: rf"\{name} " for name in GREEK},
}
BETWEEN = {
    "of",
    "at",
    "is",
    "if",
    "by",
    "in",
    "or",
    "to",
    "and",
    "for",
    "layer",
    "below",
    "active",
    "all",
    "both",
    "given",
}
_SIGNS = {
    **{
        "<=>": r"\iff ",
        "<=": r"\le ",
        ">=": r"\ge ",
        "!=": r"\ne ",
        "->": r"\to ",
        "<-": r"\leftarrow ",
        "+-": r"\pm ",
    },
    **{"...": r"\dots ", "..": r", \dots, ", "~": r"\sim ", "*": r"\cdot ", "±": r"\pm "},
    **{"≤": r"\le ", "≥": r"\ge ", "√": r"\surd ", "∞": r"\infty ", "⟨": r"\langle ", "⟩": r"\rangle "},
    **{letter: rf"\{name} " for name, letter in greek_unicode.items() if name in GREEK},
    **{"fan-in": r"\text{fan-in}", "fan-out": r"\text{fan-out}", **dict.fromkeys("|=<>+-/()[],;:!.", "")},
}
_TOKEN = re.compile(
    r"\s+|\d+(?:\.\d+)?e[+-]?\d+|\d+(?:\.\d+)?|fan-in|fan-out|d(?=[A-Za-z](?![a-z]))|[A-Za-z]+|'+|[_^]|[{}]|"
    + "|".join(sorted(map(re.escape, _SIGNS), key=len, reverse=True))
)


class NotMathematics(ValueError):
    """A run of text that the grammar does not know."""


def mathematics(text: str) -> str:
    """Plain-text mathematics as LaTeX for math mode; raises NotMathematics."""
    tokens, at = [], 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise NotMathematics(text)
        tokens.append(r"\cdot " if found[0] == "." and text[at - 1 : at + 2] == " . " else found[0])
        at = found.end()
    reader = _Reader(tokens)
    shown = reader.until(frozenset())
    if reader.at < len(tokens):
        raise NotMathematics(text)
    shown = re.sub(r" \}\s*\\text\{ ", " ", shown)  # words beside each other are one text
    shown = re.sub(r" +", " ", re.sub(r" +(?=[_^])", "", shown))
    return re.sub(r"(\\sum|\\prod)_\{([^{}]*), \\dots, ([^{}]*)\}", r"\1_{\2}^{\3}", shown).strip()


class _Reader:
    """A reader of tokens that knows scripts, roots and brackets."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.at, self.scripts = tokens, 0, ""

    def until(self, closing: frozenset[str]) -> str:
        """Everything up to one of the closing brackets, or to the end."""
        shown = ""
        while self.at < len(self.tokens) and self.tokens[self.at] not in closing:
            shown += self.one()
        return shown

    def one(self) -> str:
        """One token with what it rules."""
        token = self.tokens[self.at]
        self.at += 1
        if token in "_^" or token.startswith("'"):
            return self._hung(token)
        self.scripts = ""
        if token == "sqrt":
            return rf"\sqrt{{{self._group()}}}"
        if token in ("(", "["):
            shown = token + self.until(frozenset(")]")) + self._closing()
            self.scripts = ""
            return shown
        if token in "{}" or token in (")", "]"):
            raise NotMathematics(token)
        if token.isspace():
            return " "
        if token.isalpha() and token.isascii():
            return self._word(token)
        if token[0].isdecimal() and "e" in token:
            digits, _, power = token.partition("e")
            return rf"{digits} \cdot 10^{{{int(power)}}}"
        return _SIGNS.get(token) or token

    def _hung(self, token: str) -> str:
        """A script or primes; TeX allows one of each, and no primes after what is raised."""
        if token in self.scripts or (token[0] == "'" and set("'^") & set(self.scripts)):
            raise NotMathematics("two scripts of one kind")
        before = self.scripts + token[0]
        shown = token if token[0] == "'" else f"{token}{{{self._script()}}}"
        self.scripts = before
        return shown

    def _word(self, word: str) -> str:
        if word in OPERATORS:
            return OPERATORS[word]
        if word in BETWEEN:
            return rf"\text{{ {word} }}"
        if len(word) > 2 and word.islower():
            return rf"\operatorname{{{word}}}"
        return " ".join(word)

    def _closing(self) -> str:
        if self.at == len(self.tokens):
            raise NotMathematics("an open bracket")
        self.at += 1
        return self.tokens[self.at - 1]

    def _script(self) -> str:
        """What is lowered or raised: a group, or a sign and one word or number."""
        if self.at == len(self.tokens):
            raise NotMathematics("an empty script")
        lone = "".join(self.tokens[self.at : self.at + 3])
        if re.fullmatch(r"\{[A-Za-z]+\}", lone):  # a word, not letters multiplied
            self.at += 1
            word = self._script()
            self.at += 1
            return word
        if self.tokens[self.at] in ("{", "("):
            return self._group()
        token = self.tokens[self.at]
        self.at += 1
        if token in "+-" and self.at < len(self.tokens) and self.tokens[self.at].isalnum():
            return token + self._script()
        after = self.tokens[self.at] if self.at < len(self.tokens) else ""
        if token.isalpha() and token.isascii():
            tail = self._script() if after.isdecimal() else ""
            return (self._word(token) if token in OPERATORS or len(token) == 1 else rf"\mathrm{{{token}}}") + tail
        if token.isdecimal():
            return token + (self._script() if after.isalpha() and after.isascii() else "")
        if token in _SIGNS and (token == "+" or _SIGNS[token] != ""):
            return _SIGNS[token] or token
        raise NotMathematics(token)

    def _group(self) -> str:
        """A group without its brackets, or one token."""
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1
        if self.at < len(self.tokens) and self.tokens[self.at] in ("{", "("):
            right = {"{": "}", "(": ")"}[self.tokens[self.at]]
            self.at += 1
            body = self.until(frozenset(right))
            self._closing()
            return body.strip()
        return self.one() if self.at < len(self.tokens) else ""
