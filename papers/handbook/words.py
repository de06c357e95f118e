"""Words with plain-text mathematics, theorem names and citation keys in them, as LaTeX.

The sources write formulas inside words as one types them.  What is recognised as such is set as mathematics; names of
theorems and ids of claims become links, keys of the bibliography citations; all else is escaped, character by character.
A run that the grammar of `papers.handbook.mathematics` does not know stays words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from papers.claims.ledger import IDS
from papers.handbook.mathematics import BETWEEN, GREEK, GREEK_LETTERS, OPERATORS, NotMathematics, mathematics
from papers.latex import escape
from papers.references import UnknownWork, find
from theory.proof.cache import listing
from theory.proof.notation import LOWERED, RAISED

_LINK = re.compile(
    r"`[^`\s]+`|[a-z]+(?:\.[a-z_]+){2,}|[a-z]+(?:_[a-z]+)*\.[a-z_]+[a-z]|[a-z]+\d{4}[a-z]*|\b[GSBHR]-\d\d\b|\*\w+\*"
    r"|(?<![\w/(^])[a-z]{3,}(?:_[a-z]{3,})+(?![\w)/^])"
)
_PLACES = ("theorem", "theorems", "figure", "eq.", "proposition", "lemma", "corollary")  # what "1a" is the number of
_OPERATIONS = re.compile(
    r"[_^=<>|~⟨±≤≥√]|(?<!^)\+|\+-|\w\.\.\w|[A-Za-z)\]']/[A-Za-z0-9(]|\d/|^\(*[^\W\d_]+'*[(\[]|^\(*\d+[a-zA-Z]\b|^[\d.]+e[+-]?\d+$"
)
_LETTER = re.compile(r"^[-(\[]*(?:[B-HJ-Zb-z]|" + "|".join([*GREEK, *GREEK_LETTERS]) + r")'*[)\]]*$")
_NUMBER = re.compile(r"[-(\[]*\d+(\.\d+)?[)!]*")
_NOUNS = ("scale", "act", "cut", "infinity", "-infinity", "zW", "dy", "dv", "dt")
_DOES = ("=", ">", "<", "+", "-", "u", "U")
_WEAK = {
    *_NOUNS,
    *("=", "<=", ">=", "<", ">", "+", "-", "~", "->", "<-", "/", "...", ".", "a", "E", "Var", "ln", "exp", "sum"),
} | {*("prod", "int", "max", "min", "sqrt", "cos", "sin", "erf", "Re", "iv")}


def words(text: str) -> str:
    """Text as LaTeX on one line."""
    text = _typed(re.sub(r"\s+", " ", text))
    shown, at = [], 0
    for found in _LINK.finditer(text):
        linked = _linked(found[0])
        if linked is not None:
            shown += [_mixed(text[at : found.start()]), linked]
            at = found.end()
    return "".join([*shown, _mixed(text[at:])])


def _typed(text: str) -> str:
    """Formulas of the one-line Unicode notation as one types them: small letters as scripts, signs as words."""
    for sign, mark in (("∏", "prod"), ("Σ_", "sum_"), ("√(", "sqrt("), ("·", " "), ("′", "'")):
        text = text.replace(sign, mark)
    text = re.sub(r"√(\w+)", r"sqrt(\1)", text)
    for table, mark in ((LOWERED, "_"), (RAISED, "^")):
        plain = {small: letter for letter, small in table.items() if small != "′"}
        for run in re.findall(f"[{''.join(plain)}]+", text):
            text = text.replace(run, f"{mark}{{{''.join(plain[small] for small in run)}}}", 1)
    return text


@cache
def _names() -> frozenset[str]:
    return frozenset(name for name, _, _ in listing())


def _is_key(name: str) -> bool:
    try:
        find(name)
    except UnknownWork:
        return False
    return True


def _linked(text: str) -> str | None:
    """A reference to a theorem, a claim, a paper or a module; None for what only looks like one."""
    name = text.strip("`*")
    if name in _names():
        return theorem(name)
    if name in IDS:
        return rf"\hyperref[claim:{name}]{{{name}}}"
    if _is_key(name):
        return rf"\citet{{{name}}}"
    if text.startswith("*"):
        return rf"\emph{{{escape(name)}}}"
    named = text.startswith("`") or ("_" in name and "." not in name) or name.count(".") > 1
    return rf"\name{{{parted(name)}}}" if named else None


def theorem(name: str) -> str:
    """A theorem's name as a link to it."""
    return rf"\thm{{{name}}}{{{parted(name)}}}"


def parted(name: str) -> str:
    """A name that may be parted after its points and underscores."""
    return re.sub(r"(\\_|\.)", r"\1\\allowbreak{}", escape(name))


# --- mathematics inside words ----------------------------------------------------------------------------------------


def _mixed(text: str) -> str:
    """Words with runs of mathematics."""
    chunks = text.split(" ")
    shown, at = [], 0
    while at < len(chunks):
        end = _end_of_run(chunks, at)
        shown.append(_run(" ".join(chunks[at:end])) if end > at else _plain(chunks[at]))
        at = max(end, at + 1)
    return " ".join(shown)


def _plain(text: str) -> str:
    """Words alone; straight quotation marks become curved ones."""
    escaped = re.sub(r"^(\(?)\"", r"\1``", escape(text))
    return escaped.replace('"', "''")


def _strong(chunks: Sequence[str], at: int) -> bool:
    """Whether a chunk between spaces is mathematics by itself."""
    bare = chunks[at].rstrip(".,;:")
    before, after = (chunks[beside] if 0 <= beside < len(chunks) else "" for beside in (at - 1, at + 1))
    if not bare or _NUMBER.fullmatch(bare) or before in _PLACES or after.startswith(("function", "integral")):
        return False
    if bare in ("a", "A"):  # the article, unless something is done with it
        return bare == chunks[at] and (after in _DOES or before in _DOES)
    return bare == "sqrt" or bool(_OPERATIONS.search(bare) or _LETTER.match(bare))


def _weak(chunk: str) -> bool:
    """Whether a chunk is mathematics where its neighbours are."""
    bare = chunk.strip("()[],;:.") or chunk
    return bare in _WEAK or chunk in _WEAK or _NUMBER.fullmatch(chunk.rstrip(".,;:")) is not None


def _word(chunk: str) -> bool:
    """Whether a chunk is a word that no formula has."""
    bare = chunk.strip("()[],;:.")
    return len(bare) > 2 and bare.isalpha() and bare not in BETWEEN and bare not in OPERATORS and bare not in _WEAK


def _open(text: str) -> int:
    return sum(text.count(left) - text.count(right) for left, right in ("()", "[]", "{}", "⟨⟩"))


def _end_of_run(chunks: Sequence[str], at: int) -> int:
    """Where the run of mathematics that starts here ends; `at` itself where none does."""
    if chunks[at] in ("a", "A", ".", "-", "infinity") and not _strong(chunks, at):
        return at
    run, last, whole, strong = "", at, at, False
    for here in range(at, len(chunks)):
        chunk, inside = chunks[here], _open(run) > 0
        firm = _strong(chunks, here)
        if not firm and (_word(chunk) or not (inside or _weak(chunk))):
            break
        run, strong = f"{run}{chunk} ", strong or firm
        if (inside or firm or chunk not in _WEAK or chunk in _NOUNS) and chunk.strip("()[],;:.") not in BETWEEN:
            last, whole = here + 1, here + 1 if _open(run) <= run.startswith("(") else whole
        if chunk[-1:] in tuple(".,;:") and _open(run) <= 0 and chunk not in _WEAK:
            break
    return (whole if whole > at else last) if strong else at


def _run(text: str) -> str:
    """A run as mathematics, brackets and punctuation that are not its own outside."""
    before, after = "", ""
    while text[-1:] in tuple(".,;:)]") and (text[-1] in ".,;:" or _open(text) < 0):
        text, after = text[:-1], text[-1] + after
    while text[:1] in tuple("([") and _open(text) > 0:
        before, text = before + text[0], text[1:]
    try:
        shown = f"${mathematics(text)}$" if text.strip() else text
    except NotMathematics:
        shown = _plain(text)
    return _plain(before) + shown + _plain(after)
