"""The hash of a theorem changes with what it says and how it is proved, and with nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import sympy as sp

from numerics.evidence import provenance
from theory.proof import library
from theory.proof.library import find
from theory.proof.rules import Rule, algebra

ROOT = Path(__file__).resolve().parents[2]
NAME = "random_walk.linear_log_mean"


def test_the_hash_of_a_theorem_is_the_same_in_every_process():
    code = f"""
from numerics.evidence.provenance import theorem_hash
from theory.proof.library import find
print(theorem_hash(find("{NAME}")))
"""
    shown = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "1"},
    )
    assert shown.stdout.strip() == provenance.theorem_hash(find(NAME))


def test_the_hash_of_a_theorem_covers_its_lines_its_lemmas_and_its_reasons_but_no_words_about_it(monkeypatch):
    x = sp.Symbol("x")
    monkeypatch.setattr(library, "_theorems", {})
    monkeypatch.setattr(library, "_load", lambda: None)

    def hashed(right, rule=algebra, lemma=x, words="A theorem."):
        provenance._content.cache_clear()
        library._theorems.clear()

        @library.theorem("own.lemma", source="a test")
        def below(p):
            return p.calc(lemma, "=", sp.expand(lemma), algebra)

        def builder(p):
            return p.calc((x + 1) ** 2, "=", right, rule)

        builder.__doc__ = words
        made = library.theorem("own.square", source="a test")(builder)
        return provenance.theorem_hash(made)

    square = x**2 + 2 * x + 1
    appeal = Rule("by the lemma", lambda line, context: sp.expand(line), uses=("own.lemma",))
    all_different = [
        hashed(square),
        hashed(square + 1),
        hashed(square, Rule("expanded", lambda line, context: sp.expand(line))),
        hashed(square, appeal),
        hashed(square, appeal, lemma=x * (x + 1)),
    ]
    assert len(set(all_different)) == len(all_different)
    assert hashed(square, words="Other words.") == all_different[0]


def test_the_hash_does_not_depend_on_which_equal_symbol_was_made_first():
    """SymPy keeps the assumptions in the order of the first of several equal symbols; two fresh processes, two orders."""
    script = (
        "import sympy as sp; sp.symbols('a b n N i', {order});"
        "from numerics.evidence.provenance import theorem_hash; from theory.proof.library import find;"
        "print(theorem_hash(find('variance.compromise')))"
    )
    orders = ("positive=True, integer=True", "integer=True, positive=True")
    found = {
        subprocess.run([sys.executable, "-c", script.format(order=order)], capture_output=True, text=True, check=True).stdout
        for order in orders
    }
    assert len(found) == 1
