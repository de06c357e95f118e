"""The forms of a theorem's right-hand side, and how a proof inserts them.

A theorem proves up to three expressions equal: the plain one, a stable one for floating point, and one for balls where the
plain one has long sums.  A theorem built on it inherits all three by inserting each.
"""

from __future__ import annotations

import sympy as sp

from theory.proof.rules import Context, Rule
from theory.proof.theorem import Chain, Derivation, Proof, Theorem


def form_of(derivation: Derivation, form: str) -> sp.Expr:
    """The plain, stable or rigorous form of a statement's right-hand side."""
    return derivation.statement.right if form == "plain" else getattr(derivation, form)


def insert(quantity: sp.Expr, theorem: Theorem, form: str = "plain") -> Rule:
    """Give a quantity the value that a theorem proves for it; the theorem's hypotheses are reported with its use."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        return line.subs(quantity, form_of(theorem.derivation(), form))

    return Rule(f"by {theorem.name}", derive, uses=(theorem.name,), appeal=True)


def in_all_forms(p: Proof, line: sp.Expr, quantity: sp.Expr, theorem: Theorem) -> Chain:
    """The line with its quantity inserted; also in the forms for floats and for balls."""
    derivation = theorem.derivation()
    for form, keep in (("stable", p.evaluate_by), ("rigorous", p.enclose_by)):
        value = line.subs(quantity, form_of(derivation, form))
        keep(p.calc(line, "=", value, insert(quantity, theorem, form)))
    return p.calc(line, "=", line.subs(quantity, derivation.statement.right), insert(quantity, theorem))
