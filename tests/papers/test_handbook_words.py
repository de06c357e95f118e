"""Words of the handbook: formulas among them are set as such, names become links, and nothing else gets through."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers import words as escaping
from papers.handbook.mathematics import NotMathematics, mathematics
from papers.handbook.words import words
from theory.proof import notation


def test_mathematics_inside_words_is_set_as_mathematics():
    assert words("Layer i keeps E M_d^2 if n_i Var W^i = 1, i = 0..d.") == (
        r"Layer $i$ keeps $\mathbb{E} M_{d}^{2}$ if $n_{i} \operatorname{Var} W^{i} = 1$, $i = 0, \dots, d$."
    )


@pytest.mark.parametrize(
    ("typed", "set_"),
    [
        ("1/sqrt(1 - rho_L)", r"1/\sqrt{1 - \rho_{L}}"),
        ("n_{i+2}", r"n_{i+2}"),
        ("n_in", r"n_{\mathrm{in}}"),
        ("sum_{k in A}", r"\sum_{k \text{ in } A}"),
        ("prod_{r=0..i-1} n_r", r"\prod_{r=0}^{i-1} n_{r}"),
        ("2^-n", r"2^{-n}"),
        ("(kappa - 3)^+", r"(\kappa - 3)^{+}"),
        ("dC/dW^i", r"dC/dW^{i}"),
        ("w . v", r"w \cdot v"),
        ("E w^4/(E w^2)^2", r"\mathbb{E} w^{4}/(\mathbb{E} w^{2})^{2}"),
        ("P(both active in layer i)", r"P(\text{ both active in layer } i)"),
        ("5.66e-07 M", r"5.66 \cdot 10^{-7} M"),
        ("2 scale/n", r"2 \operatorname{scale}/n"),
    ],
)
def test_typed_mathematics_is_read_by_its_grammar(typed, set_):
    assert mathematics(typed) == set_


@pytest.mark.parametrize(
    "broken", ["x^", "x_)", "(x", "}x{", "x % y", r"x \input y", "#", "x_\\", "x^2^3", "x_1_2", "x^2'"]
)
def test_what_the_grammar_does_not_know_is_no_mathematics(broken):
    with pytest.raises(NotMathematics):
        mathematics(broken)


def test_unicode_formulas_of_the_ledger_are_read_too():
    assert words("gives nᵢₙ·v₀ = √(1 - x²)") == r"gives $n_{\mathrm{in}} v_{0} = \sqrt{1 - x^{2}}$"


def test_primes_may_stand_before_a_stroke():
    assert words("means E h h'/sqrt(E h^2 E h'^2), without") == (
        r"means $\mathbb{E} h h'/\sqrt{\mathbb{E} h^{2} \mathbb{E} h'^{2}}$, without"
    )


def test_theorems_claims_and_papers_become_links_and_other_names_stay_words():
    shown = words("by variance.activation, S-07 and he2015; not variance.nothing, S-99 or nobody2015")
    assert r"\thm{variance.activation}{variance.\allowbreak{}activation}" in shown
    assert r"\hyperref[claim:S-07]{S-07}" in shown
    assert r"\citet{he2015}" in shown
    assert shown.count(r"\thm{") == shown.count(r"\hyperref") == shown.count(r"\citet") == 1


COMMANDS = re.compile(r"\\([A-Za-z]+|.)")
HARMLESS = {
    *"&%$#_{}()!,`'^~\"rcv",
    *("allowbreak", "hyperref", "thm", "citet", "emph", "name", "text", "mathrm", "mathbb", "operatorname", "sqrt"),
    *("textbackslash", "textasciitilde", "textasciicircum", "textasciigrave", "textless", "textgreater", "textbar"),
    *(
        "textendash",
        "textemdash",
        "textsuperscript",
        "textsubscript",
        "texttt",
        "dots",
        "ss",
        "pm",
        "times",
        "cdot",
        "surd",
        "to",
        "sim",
    ),
    *(
        "le",
        "ge",
        "ne",
        "iff",
        "leftarrow",
        "infty",
        "langle",
        "rangle",
        "sum",
        "prod",
        "int",
        "lim",
        "log",
        "ln",
        "exp",
    ),
    *("max", "min", "cos", "sin", "tan", "arccos", "arcsin", "ell"),
    *COMMANDS.findall("".join(escaping._MARKS.values())),
    *(name for name in notation.greek_unicode if name not in ("omicron", "lamda")),
}
typed = st.lists(
    st.one_of(
        st.sampled_from([*"ax%#&$_^{}()[]\\~'\"+-=<>|*`.,; 123²ᵢᵏ√Σ∏⟨⟩", "E ", "sum_", "sqrt(", r"\input{f}"]),
        st.characters(),
    )
).map("".join)


@given(st.one_of(typed, st.text()))
def test_no_text_brings_a_live_command_or_an_open_brace_into_the_book(text):
    shown = words(text)
    assert set(COMMANDS.findall(shown)) <= HARMLESS
    bare = re.sub(r"\\[A-Za-z]+|\\.", "", shown)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    assert "$$" not in shown
    assert not set(bare) & set("%#&\\")
    assert not set(re.sub(r"\$[^$]*\$", "", bare)) & set("_^")
    assert shown.isascii()
