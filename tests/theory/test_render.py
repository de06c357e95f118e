"""What is printed means what was judged: texts are read back and compared as trees, brackets included."""

import re
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from sympy.codegen.cfunctions import expm1, log1p

from theory.networks import W, delta, df, z
from theory.probability.expectation import E, Var, step
from theory.probability.setting import DETERMINISTIC
from theory.proof.nodes import DominatedIntegral, PairSum, log1pmx
from theory.proof.render import as_data, as_latex, as_text, escape, latex, unicode
from theory.proof.rules import Rule, algebra
from theory.proof.theorem import Theorem
from theory.symbols import N, d, i, k, l, m, n, q, r, v

x, y = sp.symbols("x y")
other = sp.Symbol("l'", integer=True, positive=True)
pairs = PairSum(z[i, l] * z[i, other], l, other, n[i])
gauss = DominatedIntegral(sp.exp(-(x**2)), (x, -sp.oo, sp.oo), 1, 1)


# --- reading back ----------------------------------------------------------------------------------

TOKEN = re.compile(r"Σ_\{k=(\d+)\.\.(\d+)\} |∏_\{k=(\d+)\.\.(\d+)\} |\d+|[xyk]|[⁰¹²³⁴⁵⁶⁷⁸⁹]+| [+-] |[-·/()^]")
DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


class Reader:
    """The arithmetic of school, read from one line: what a mathematician takes the line to mean."""

    def __init__(self, text: str) -> None:
        found = list(TOKEN.finditer(text))
        assert "".join(token[0] for token in found) == text, text
        self.tokens, self.at = found, 0

    def next(self, *wanted: str) -> str | None:
        token = self.tokens[self.at][0].strip() if self.at < len(self.tokens) else None
        if token is None or (wanted and token not in wanted):
            return None
        self.at += 1
        return token

    def total(self, point: dict[str, Fraction]) -> Fraction:
        value = -self.term(point) if self.next("-") else self.term(point)
        while sign := self.next("+", "-"):
            value += self.term(point) if sign == "+" else -self.term(point)
        return value

    def term(self, point: dict[str, Fraction]) -> Fraction:
        value = self.power(point)
        while sign := self.next("·", "/"):
            value = value * self.power(point) if sign == "·" else value / self.power(point)
        return value

    def power(self, point: dict[str, Fraction]) -> Fraction:
        base = self.atom(point)
        if self.at < len(self.tokens) and (raised := self.tokens[self.at][0].translate(DIGITS)).isdigit():
            self.at += 1
            return base ** int(raised)
        return base

    def atom(self, point: dict[str, Fraction]) -> Fraction:
        token = self.tokens[self.at]
        self.at += 1
        if token[0] == "(":
            value = self.total(point)
            assert self.next(")")
            return value
        if token[0][0] in "Σ∏":
            return self.fold(token, point)
        return point[token[0]] if token[0] in point else Fraction(token[0])

    def fold(self, token: re.Match[str], point: dict[str, Fraction]) -> Fraction:
        adds, start = token[0][0] == "Σ", self.at
        low, high = (token[1], token[2]) if adds else (token[3], token[4])
        value = Fraction(0 if adds else 1)
        for index in range(int(low), int(high) + 1):
            self.at = start
            body = self.term(point | {"k": Fraction(index)})
            value = value + body if adds else value * body
        return value


def _folded(kind):
    return lambda body, low, size: kind(body.subs(y, k), (k, low, low + size))


trees = st.recursive(
    st.sampled_from([x, y, sp.S(2), sp.S(-3), sp.Rational(2, 5), sp.Rational(-1, 2)]),
    lambda inner: st.one_of(
        st.builds(sp.Add, inner, inner),
        st.builds(sp.Mul, inner, inner),
        st.builds(lambda a, b: sp.Mul(a, b, evaluate=False), inner, inner),
        st.builds(sp.Pow, inner, st.sampled_from([-2, -1, 2, 3])),
        st.builds(_folded(sp.Sum), inner, st.integers(1, 2), st.integers(0, 1)),
        st.builds(_folded(sp.Product), inner, st.integers(1, 2), st.integers(0, 1)),
    ),
    max_leaves=8,
)


@given(trees)
def test_unicode_text_read_by_the_rules_of_school_is_the_tree(tree):
    point = {x: sp.Rational(7, 3), y: sp.Rational(-11, 13)}
    exact = tree.subs(point).doit()
    if not exact.is_Rational:  # a division by 0 somewhere in the tree: nothing to compare
        return
    reader = Reader(unicode(tree))
    values = {"x": Fraction(7, 3), "y": Fraction(-11, 13)}
    assert reader.total(values) == Fraction(int(exact.p), int(exact.q))
    assert reader.at == len(reader.tokens)


@given(trees)
def test_latex_has_balanced_braces_and_brackets(tree):
    text = latex(tree)
    assert text.count(r"\left") == text.count(r"\right")
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", text):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0


# --- notation --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expr", "line", "tex"),
    [
        (z[i + 1, k], "zⁱ⁺¹ₖ", r"z^{(i + 1)}_{k}"),
        (W[i, l, k] ** 2, "(Wⁱₗₖ)²", r"\left(W^{(i)}_{l,k}\right)^{2}"),
        (W[i, k, m + 1], "Wⁱ_{k,m+1}", r"W^{(i)}_{k,m + 1}"),
        (n[i] ** 2, "nᵢ²", r"n_{i}^{2}"),
        (df(delta[i, k]) ** 2, "f′(δⁱₖ)²", r"f'^{2}{\left(\delta^{(i)}_{k} \right)}"),
        (E(x) ** 2, "E[x]²", r"\mathbb{E}\left[x\right]^{2}"),
        (Var(x), "Var[x]", r"\operatorname{Var}\left[x\right]"),
        (sp.polygamma(0, N), "ψ(N)", r"\psi\left(N\right)"),
        (sp.polygamma(1, N) ** 2, "ψ′(N)²", r"\left(\psi'\left(N\right)\right)^{2}"),
        (sp.polygamma(2, N), "ψ^(2)(N)", r"\psi^{(2)}\left(N\right)"),
        (sp.log(x) ** 2, "ln(x)²", r"\ln^{2}\left(x\right)"),
        (sp.loggamma(x), "ln Γ(x)", r"\ln \Gamma\left(x\right)"),
        (log1p(x), "ln(x + 1)", r"\ln\left(x + 1\right)"),
        (expm1(x) ** 2, "(exp(x) - 1)²", r"\left(e^{x} - 1\right)^{2}"),
        (2 * log1pmx(x), "2·(ln(x + 1) - x)", r"2 \left[\ln\left(1 + x\right) - x\right]"),
        (step(x), "1[x > 0]", r"\mathbb{1}\left[x > 0\right]"),
        (sp.sqrt(x + 1), "√(x + 1)", r"\sqrt{x + 1}"),
        (1 / sp.sqrt(sp.pi), "1/√π", r"\frac{1}{\sqrt{\pi}}"),
        (x ** sp.Rational(2, 3), "x^(2/3)", r"x^{\frac{2}{3}}"),
        (sp.S(2) ** (N - 1), "2^(N - 1)", r"2^{N - 1}"),
        (sp.binomial(N, k), "C(N, k)", r"{\binom{N}{k}}"),
        (sp.Le(x, y), "x ≤ y", r"x \leq y"),
        (sp.And(sp.Eq(x, 1), sp.Ne(y, 2)), "x = 1 ∧ y ≠ 2", r"x = 1 \wedge y \neq 2"),
        (sp.Or(x < 1, sp.And(x > 2, y > 0)), "(x > 2 ∧ y > 0) ∨ x < 1", None),
        (sp.Product(n[r] * v[r], (r, 0, i - 1)), "∏_{r=0..i-1} nᵣ·vᵣ", r"\prod_{r=0}^{i - 1} n_{r} v_{r}"),
        (sp.Piecewise((x, x > 0), (y, True)), "{x if x > 0; y otherwise}", None),
        (gauss, "∫_{-∞..∞} exp(-x²) dx", r"\int\limits_{-\infty}^{\infty} e^{- x^{2}}\, dx"),
        (2 * gauss**2, "2·(∫_{-∞..∞} exp(-x²) dx)²", None),
        (pairs, "Σ_{l≠l′≤nᵢ} zⁱₗ′·zⁱₗ", r"\sum_{l \ne l'}^{n_{i}} z^{(i)}_{l'} z^{(i)}_{l}"),
        (sp.Abs(x) / sp.factorial(N), "|x|/N!", r"\frac{\left|{x}\right|}{N!}"),
        (sp.EulerGamma + sp.pi, "γ + π", r"\gamma + \pi"),
        (sp.Limit(1 / N, N, sp.oo), "lim_{N→∞} 1/N", None),
        (sp.Symbol("sigma_0"), "σ₀", r"\sigma_{0}"),
    ],
)
def test_notation_is_that_of_the_papers(expr, line, tex):
    assert unicode(expr) == line
    assert tex is None or latex(expr) == tex


@pytest.mark.parametrize("bound", [pairs, gauss])
def test_a_sum_or_an_integral_is_bracketed_as_the_base_of_a_power_and_before_a_factor(bound):
    bracketed = r"\left(" + latex(bound) + r"\right)"
    assert bracketed in latex(bound**2)
    assert bracketed in latex(sp.Mul(bound, sp.Sum(z[0, r], (r, 1, N)), evaluate=False))
    assert f"({unicode(bound)})" in unicode(bound**2)
    assert f"({unicode(bound)})" in unicode(bound / x)


def test_a_sum_of_terms_under_a_sum_over_pairs_is_bracketed():
    body = PairSum(z[i, l] + z[i, other], l, other, n[i])
    assert unicode(body) == "Σ_{l≠l′≤nᵢ} (zⁱₗ′ + zⁱₗ)"
    assert latex(body).endswith(r"\left(z^{(i)}_{l'} + z^{(i)}_{l}\right)")


# --- theorems --------------------------------------------------------------------------------------


def example(rule=algebra, relation="="):
    def builder(p):
        """A square, written out."""
        p.calc(x**2 - 1, "=", (x - 1) * (x + 1), algebra)
        return p.calc((x + 1) ** 2, "=", x**2 + 2 * x + 1, rule, relation, q[0], algebra)

    return Theorem(
        "example.square_of_100%", builder, (), "key & page_1", DETERMINISTIC, lambda values: None, {}
    )


def test_a_theorem_prints_each_step_with_number_relation_reason_and_verdict():
    shown = as_text(example(relation="<="), "assumed", {"1": "proved", "2": "enclosed"})
    lines = [line.strip() for line in shown.splitlines()]
    assert lines[:3] == ["example.square_of_100%: assumed", "A square, written out.", "Source: key & page_1"]
    assert "(x + 1)² ≤ q₀" in lines  # the statement: first, weakest relation, last
    assert lines[lines.index("Proof") + 1 :] == [
        "x² - 1",
        "1  = (x - 1)·(x + 1)",
        "algebra [proved]",
        "(x + 1)²",
        "2  = x² + 2·x + 1",
        "algebra [enclosed]",
        "3  ≤ q₀",
        "algebra [unchecked]",
    ]


def test_nothing_is_printed_as_proved_that_was_not_judged():
    assert "proved" not in as_text(example()) + as_latex(example())
    assert "example.square_of_100%: unchecked" in as_text(example())
    assert "refuted" in as_latex(example(), "refuted", {"1": "refuted"})


def test_the_latex_proof_is_one_aligned_line_a_step_with_its_escaped_reason():
    cited = Rule("50% of {it} & more_", algebra.derive, "cited", source=r"a\b#1")
    shown = as_latex(example(cited), "cited", {"1": "proved", "2": "cited", "3": "proved"})
    body = shown.partition(r"\begin{align*}")[2].partition(r"\end{align*}")[0]
    rows = body.strip().split(" \\\\\n")
    assert len(rows) == 3
    assert [row.startswith("&=") for row in rows] == [
        False,
        False,
        True,
    ]  # the second chain has its own left side
    assert rows[1].endswith(r"\text{50\% of \{it\} \& more\_ (a\textbackslash{}b\#1) [cited]}")
    assert r"\paragraph{example.square\_of\_100\%}" in shown


def test_the_data_of_a_proof_has_every_formula_in_both_notations():
    theorem = example()
    data = as_data(theorem.derivation(), {"1": "proved"})
    assert [line["verdict"] for line in data["steps"]] == ["proved", "unchecked", "unchecked"]
    for line, judged in zip(data["steps"], theorem.derivation().steps, strict=True):
        assert (line["left"], line["right_latex"]) == (unicode(judged.left), latex(judged.right))


@given(st.text(alphabet="ab {}\\&%$#_^~²≤Σψ′"))
def test_escaped_text_is_read_by_latex_as_itself(text):
    meanings = {
        r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^", r"\le": "≤",
        r"\textsuperscript{2}": "²", r"\(\le\)": "≤", r"\(\Sigma\)": "Σ", r"\(\psi\)": "ψ", r"\('\)": "′",
        **{"\\" + mark: mark for mark in "{}&%$#_"},
    }  # fmt: skip
    command = re.compile("|".join(sorted(map(re.escape, meanings), key=len, reverse=True)) + r"|[ab ]")
    read = [meanings.get(part[0], part[0]) for part in command.finditer(escape(text))]
    assert "".join(read) == text
    assert command.sub("", escape(text)) == ""


def test_the_printers_know_every_node_of_the_dense_network():
    sizes = sp.Sum(z[i, l] * W[i, l, k], (l, 1, n[d]))
    assert unicode(Var(sizes)) == "Var[Σ_{l=1..n_{d}} Wⁱₗₖ·zⁱₗ]"
