"""The notation of this book beside that of the four papers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from papers.handbook.prose import heading
from papers.handbook.words import words
from theory import networks, symbols
from theory.failure_modes.network import Q, act, ell
from theory.probability.expectation import E, Given, Var
from theory.proof.notation import latex
from theory.shattering import layers
from theory.symbols import N, d, i, j, k, l, n, r, rho, x

f, s, z, W, delta, w = (getattr(networks, name) for name in ("f", "s", "z", "W", "delta", "gradient"))


@dataclass(frozen=True)
class Row:
    """One quantity: what it is, our symbol, and those of the papers as LaTeX for math mode, empty where one has none."""

    means: str
    ours: tuple[sp.Basic, ...]
    glorot: str = ""
    sussillo: str = ""
    balduzzi: str = ""
    hanin: str = ""


QUANTITIES = (
    Row("layer", (i,), "i", "d", "l", "j"),
    Row("layers", (d, symbols.D, symbols.L), "d", "D", "L", "d"),
    Row("width of a layer", (n[i], N), "n_i", "N", "N", "n_j"),
    Row("input", (z[0, k],), "x", "h_0", "x", r"\mathrm{act}^{(0)}"),
    Row("weights", (W[i, l, k],), "W^i", "g W_d", "W^l", "W^{(j)}"),
    Row("pre-activation", (s[i, k],), "s^i", "a_d", "", ""),
    Row("activation function", (f(x),), "f", "f", r"\rho", r"\mathrm{ReLU}"),
    Row("activation", (z[i + 1, k], act[i, k]), "z^{i+1}", "h_d", "x_l", r"\mathrm{act}^{(j)}"),
    Row("gradient", (delta[i, k],), r"\partial C/\partial s^i_k", r"\delta_d", r"\nabla_i"),
    Row("weight gradient", (w[i, l, k],), r"\partial C/\partial w^i_{l,k}"),
    Row("weight variance", (symbols.v[i],), r"\mathrm{Var}[W^i]", "g^2/N", r"\sigma^2", "2/n_{j-1}"),
    Row("activation variance", (symbols.q[i],), r"\mathrm{Var}[z^i]"),
    Row(
        "gradient variance", (symbols.g[i], layers.V[i]), r"\mathrm{Var}[\partial C/\partial s^i]", "", r"\mathcal C(i)"
    ),
    Row("covariance, two inputs", (layers.C[i],), "", "", r"\mathcal C(i,j)"),
    Row("their correlation", (rho,), "", "", r"\mathcal R(i,j)"),
    Row("skip and branch", (layers.e[i], layers.b[i]), "", "", r"\alpha,\ \alpha\beta", r"1,\ \eta_\ell"),
    Row("gain", (sp.Symbol("g"),), "", "g"),
    Row("squared-norm ratio", (sp.Symbol("z"),), "", "z_d"),
    Row("over all layers", (sp.Symbol("Z"),), "", "Z"),
    Row("length of a layer", (sp.Symbol("M_j"),), "", "", "", r"M_j=\Vert\mathrm{act}^{(j)}\Vert^2/n_j"),
    Row("its two moments", (ell[i], Q[i]), "", "", "", r"\mathbb E[M_j],\ \mathbb E[M_j^2]"),
)
SIGNS: tuple[tuple[sp.Basic, str], ...] = (
    (W[i, l, k], "of several indices the first counts layers and is raised; a single index is lowered"),
    (E(x), "the expectation over weights, biases and whatever else is random"),
    (
        Given(x, sp.Symbol("A")),
        "the expectation given an event A, written as a variable that is 1 where it happens, else 0",
    ),
    (Var(x), "the variance"),
    (networks.df(x), "the derivative of f"),
    (sp.KroneckerDelta(j, k), "1 if j = k, else 0"),
    (sp.polygamma(0, x), "the digamma function, the derivative of ln Gamma; psi' is the next derivative"),
    (sp.EulerGamma, "Euler's constant, where no index or argument follows"),
    (sp.Product(r, (r, i, l)), "a product or a sum whose upper end is below the lower one has no factors or terms"),
)
PAPERS = ("glorot2010", "sussillo2014", "balduzzi2017", "hanin2018start")


def chapter() -> str:
    """Signs, then every quantity in five notations."""
    signs = [rf"\sign{{{latex(sign)}}}{{{words(meaning)}}}" for sign, meaning in SIGNS]
    rows = [_row([words(each.means), _ours(each.ours), *_theirs(each)]) for each in QUANTITIES]
    columns = _row(["quantity", "here", *(rf"\citet{{{key}}}" for key in PAPERS)])
    table = [rf"\begin{{correspondence}}{{{columns}}}", *rows, r"\end{correspondence}"]
    return "\n".join(
        [heading("Notation", "chapter"), r"\begin{signs}", *signs, r"\end{signs}", r"\notationprose", *table]
    )


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _ours(expressions: Sequence[sp.Basic]) -> str:
    return ", ".join(f"${latex(expr)}$" for expr in expressions)


def _theirs(row: Row) -> list[str]:
    symbols = (row.glorot, row.sussillo, row.balduzzi, row.hanin)
    return [f"${symbol}$" if symbol else "" for symbol in symbols]
