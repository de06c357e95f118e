"""MathML means what was judged: it is read back as a mathematician reads it, and every formula has a notation."""

import re
import xml.etree.ElementTree as ET
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from sympy.codegen.cfunctions import expm1, log1p

from theory.networks import W, df, z
from theory.probability.expectation import E, Given, Var, step
from theory.proof.interpret import UnknownNode
from theory.proof.library import theorems
from theory.proof.markup import name
from theory.proof.mathml import mathml, pieces
from theory.proof.nodes import DominatedIntegral, Iterate, PairSum, acospi, log1pmx
from theory.symbols import N, i, k, l, n, r, v

x, y = sp.symbols("x y")
other = sp.Symbol("l'", integer=True, positive=True)
gauss = DominatedIntegral(sp.exp(-(x**2)), (x, -sp.oo, sp.oo), 1, 1)
UNSEEN = "\u2061\u2062"  # function application, invisible times
WORDS = {
    *("ln", "exp", "erf", "erfc", "sin", "cos", "tanh", "arctan", "arccos", "max", "min", "lim", "Var"),
    *("if", "otherwise", "true"),
}


def content(element):
    """Text as it is seen."""
    return "".join(element.itertext()).translate({ord(mark): None for mark in UNSEEN})


def text(expr):
    return content(ET.fromstring(mathml(expr)))


# --- reading back ----------------------------------------------------------------------------------


class Reader:
    """The arithmetic of school: rows are read in order, so that only what is seen, brackets included, has a meaning."""

    def __init__(self, *elements):
        self.tokens, self.at = [token for element in elements for token in self.flat(element)], 0

    def flat(self, element):
        if element.tag in ("math", "mrow", "mtable", "mtr", "mtd"):
            return [token for child in element for token in self.flat(child)]
        return [element]

    def sees(self, *signs):
        token = self.tokens[self.at] if self.at < len(self.tokens) else None
        return token is not None and token.tag == "mo" and token.text in signs

    def took(self, *signs):
        found = self.sees(*signs)
        self.at += found
        return found

    def whole(self, point):
        value = self.total(point)
        assert self.at == len(self.tokens)
        return value

    def total(self, point):
        value = -self.term(point) if self.took("−") else self.term(point)
        while self.sees("+", "−"):
            value += self.term(point) if self.took("+") else -(self.took("−") and self.term(point))
        return value

    def term(self, point):
        value = self.factor(point)
        while self.at < len(self.tokens) and not self.sees("+", "−", ")"):
            if self.took("/"):
                value /= self.factor(point)
            else:
                self.took("⋅", "\u2062")
                value *= self.factor(point)
        return value

    def factor(self, point):
        token = self.tokens[self.at]
        self.at += 1
        if token.tag == "mo":
            assert token.text == "("
            value = self.total(point)
            assert self.took(")")
            return value
        if token.tag == "munderover":
            return self.fold(token, point)
        if token.tag in ("mfrac", "msup"):
            first, second = (Reader(part).whole(point) for part in token)
            return first / second if token.tag == "mfrac" else first**second
        return point[token.text] if token.tag == "mi" else Fraction(token.text)

    def fold(self, token, point):
        sign, low, high = token
        index, start = low[0].text, self.at
        values = []
        for at in range(int(content(low).partition("=")[2]), int(content(high)) + 1):
            self.at = start
            values.append(self.term(point | {index: Fraction(at)}))
        value = values[0]
        for each in values[1:]:
            value = value + each if sign.text == "∑" else value * each
        return value


def _folded(kind):
    return lambda body, low, size: kind(body.subs(y, k), (k, low, low + size))


trees = st.recursive(
    st.sampled_from([x, y, sp.S(2), sp.S(-3), sp.Rational(2, 5), sp.Rational(-1, 2)]),
    lambda inner: st.one_of(
        st.builds(sp.Add, inner, inner),
        st.builds(sp.Mul, inner, inner),
        st.builds(lambda a, b: sp.Add(a, b, evaluate=False), inner, inner),
        st.builds(lambda a, b: sp.Mul(a, b, evaluate=False), inner, inner),
        st.builds(sp.Pow, inner, st.sampled_from([-2, -1, 2, 3])),
        st.builds(_folded(sp.Sum), inner, st.integers(1, 2), st.integers(0, 1)),
        st.builds(_folded(sp.Product), inner, st.integers(1, 2), st.integers(0, 1)),
    ),
    max_leaves=16,
)


@given(trees)
def test_what_is_seen_read_by_the_rules_of_school_is_the_tree(tree):
    exact = tree.subs({x: sp.Rational(7, 3), y: sp.Rational(-11, 13)}).doit()
    if not exact.is_Rational:  # a division by 0 somewhere in the tree: nothing to compare
        return
    expected = Fraction(int(exact.p), int(exact.q))
    point = {"x": Fraction(7, 3), "y": Fraction(-11, 13)}
    assert Reader(ET.fromstring(mathml(tree))).whole(point) == expected
    assert Reader(*map(ET.fromstring, pieces(tree))).whole(point) == expected


@given(trees)
def test_in_a_script_a_fraction_has_a_slash_and_still_the_same_value(tree):
    exact = tree.subs({x: sp.Rational(7, 3), y: sp.Rational(-11, 13)}).doit()
    if not exact.is_Rational or exact == 1:  # e^1 is e: there is no script
        return
    script = ET.fromstring(mathml(sp.Pow(sp.Symbol("z"), tree, evaluate=False)))
    if script[0].tag != "msup":  # a root, or a power of -1: no script either
        return
    point = {"x": Fraction(7, 3), "y": Fraction(-11, 13)}
    assert script[0].find(".//mfrac") is None
    assert Reader(script[0][1]).whole(point) == Fraction(int(exact.p), int(exact.q))


# --- notation --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expr", "seen"),
    [
        (z[i + 1, k], "zk(i+1)"),  # below, then above
        (W[i, l, k] ** 2, "(Wl,k(i))2"),
        (W[l, k] ** 2, "Wl,k2"),  # of one layer
        (n[i] ** 2, "ni2"),
        (df(x) ** 2, "f′2(x)"),
        (E(x) ** 2, "𝔼[x]2"),
        (Given(x, y), "𝔼[x∣y]"),
        (Var(x), "Var[x]"),
        (step(x), "𝟙[x>0]"),
        (sp.polygamma(0, N), "ψ(N)"),
        (sp.polygamma(1, N) ** 2, "(ψ′(N))2"),
        (sp.polygamma(2, N), "ψ(2)(N)"),
        (sp.log(x) ** 2, "ln2(x)"),
        (sp.loggamma(x) ** 2, "(lnΓ(x))2"),
        (log1p(x) ** 2, "ln2(x+1)"),
        (expm1(x), "(ex−1)"),
        (2 * log1pmx(x), "2[ln(1+x)−x]"),
        (log1pmx(-x), "[ln(1−x)+x]"),
        (sp.Rational(10**41 + 1, 3 * 10**41) * x, "0.3333333333…x"),
        (acospi(x) ** 2, "(arccos(x)π)2"),
        (2**N * sp.S(3), "3⋅2N"),
        (sp.sqrt(x + 1), "x+1"),
        (sp.exp(-(x**2) / 2), "e−x2/2"),
        (sp.binomial(N, k), "(Nk)"),
        (sp.Le(x, y), "x≤y"),
        (sp.And(sp.Eq(x, 1), sp.Ne(y, 2)), "x=1∧y≠2"),
        (sp.Or(x < 1, sp.And(x > 2, y > 0)), "(x>2∧y>0)∨x<1"),
        (sp.Product(n[r] * v[r], (r, 0, i - 1)), "∏r=0i−1nrvr"),
        (sp.Piecewise((x, x > 0), (y, True)), "{xif\u00a0x>0yotherwise"),
        (gauss, "∫−∞∞e−x2dx"),
        (gauss**2, "(∫−∞∞e−x2dx)2"),
        (PairSum(z[i, l] + z[i, other], l, other, n[i]), "∑l≠l′ni(zl′(i)+zl(i))"),
        (sp.Abs(x) / sp.factorial(N), "|x|N!"),
        (sp.EulerGamma + sp.pi, "γ+π"),
        (sp.Limit(1 / N, N, sp.oo), "limN→∞1N"),
        (Iterate((x,), (x**2,), (y,), N), "[x↦x2]∘N(y)"),
        (Iterate((x, y), (y, x), (1, 2), N), "[(x,y)↦(y,x)]∘N(1,2)1"),
        (sp.Derivative(z[i, k], x), "∂zk(i)∂x"),
        (sp.KroneckerDelta(k, l), "δk,l"),
        (1 + sp.I * x, "ix+1"),
        (sp.Symbol("sigma_0"), "σ0"),
        (1 - x, "1−x"),
        (y - x, "y−x"),
        (sp.Tuple(x, y), "(x,y)"),
    ],
)
def test_notation_is_that_of_the_papers(expr, seen):
    assert text(expr).replace(" ", "") == seen


def test_a_node_without_a_notation_is_an_error_and_no_class_name():
    with pytest.raises(UnknownNode, match="airyai"):
        mathml(1 + sp.airyai(x))


@given(st.text(alphabet="<>&\"'/ab", min_size=1))
def test_a_hostile_name_is_shown_as_it_is(letters):
    shown = ET.fromstring(mathml(sp.Symbol("q" + letters)))
    assert content(shown) == content(ET.fromstring(name("q" + letters)))
    assert {part.tag for part in shown.iter()} <= {"math", "mi", "mn", "mo", "mrow", "msub", "msup", "msubsup"}


# --- the library -----------------------------------------------------------------------------------


def names(expr):
    """All symbols and arrays of a tree that are to be seen: a majorant and a limit's direction are not."""
    expr = expr.replace(DominatedIntegral, lambda body, limits, *_: sp.Integral(body, tuple(limits)))
    expr = expr.replace(sp.Limit, lambda *parts: sp.Tuple(*parts[:3]))
    functions = {function.func.__name__ for function in expr.atoms(sp.core.function.AppliedUndef)}
    return {symbol.name for symbol in expr.atoms(sp.Symbol)} | functions


def lines(theorem):
    """Every formula of a theorem, once."""
    found = (
        expr
        for derivation in theorem.derivations()
        for proof in [derivation.steps]
        for expr in [*(side for s in proof for side in (s.left, s.right)), derivation.stable, derivation.rigorous]
    )
    symbols = (p.symbol for p in theorem.parameters if p.symbol is not None)
    return list(dict.fromkeys([*found, *symbols]))


@pytest.mark.parametrize("theorem", theorems(), ids=lambda theorem: theorem.name)
def test_every_formula_of_a_theorem_is_well_formed_and_shows_all_its_names(theorem):
    for expr in lines(theorem):
        assert_shown(expr, mathml(expr))
        assert_shown(expr, f"<math>{''.join(pieces(expr, '='))}</math>")


def assert_shown(expr, shown):
    """Well formed, every name is seen, and every word is a known function's or a name."""
    root = ET.fromstring(shown)
    seen, wanted = content(root), names(expr)
    for symbol in wanted:
        assert content(ET.fromstring(name(symbol))) in seen
    known = WORDS | {part.text for symbol in wanted for part in ET.fromstring(f"<m>{name(symbol)}</m>").iter()}
    for part in root.iter():
        words = re.findall(r"[^\W\d_]{2,}", part.text or "")
        assert part.text in known or set(words) <= known, part.text
