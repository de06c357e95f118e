"""Claims of Glorot and Bengio (2010), "Understanding the difficulty of training deep feedforward neural networks"."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import accumulate
from operator import mul
from typing import TYPE_CHECKING

import sympy as sp

from numerics.evaluate.exact import rational
from papers.claims.claim import Claim
from papers.claims.comparison import at_equal_widths, balanced
from papers.claims.conditions import condition
from papers.claims.experiments import beside, experiment, out_of_reach
from papers.claims.formulas import formula
from papers.claims.gaps import by_theorem
from papers.claims.idealisations import Gap
from papers.claims.numbers import rounded
from papers.claims.points import Place
from papers.claims.properties import Decision, proposition, smallest_failing
from papers.claims.sampled_gaps import ALPHA, BETA, RATES, Sampled, judged
from papers.claims.shapeset import constant_guess
from papers.claims.singular_values import behind_tanh, one_number
from papers.claims.together import together
from theory.networks import G, df, f, next_width, w, y
from theory.proof.library import find
from theory.proof.notation import unicode
from theory.symbols import d, g, i, j, k, m, n, q, r, v

if TYPE_CHECKING:
    from torch import Tensor

    from numerics.sampling.passes import Pass

PAPER = "glorot2010"
DEPTH, WIDTH = 5, 100  # hidden layers, as in the paper, and their width: a tenth of the paper's, drawn in a second
SHIFT = 0.05  # of a mean square between 0 and 1, the smallest that the sampled gap must find
COLUMNS = ("Shapeset-3x2", "MNIST", "CIFAR-10", "Small-ImageNet")
a, b = sp.symbols("a b", integer=True, positive=True)  # n_in and n_out of the compromise
n_, n_in, n_out = sp.symbols("n n_in n_out", integer=True, positive=True)


def _networks(widths: tuple[int, ...], variances: tuple[Fraction, ...]) -> Iterator[Place]:
    """A network of three weight matrices, seen from each of its layers; Var x and the output gradient's differ."""
    last = len(variances) - 1
    forward = accumulate((n_ * var for n_, var in zip(widths, variances, strict=False)), mul, initial=Fraction(3))
    at = {n: widths, v: variances, q: tuple(forward), g: (Fraction(5),) * (last + 1), d: last}
    yield from ({**at, i: layer} for layer in range(last + 1))


UNEQUAL = tuple(_networks((2, 3, 5, 7), (Fraction(1, 3), Fraction(1, 7), Fraction(1, 2))))  # no layer keeps a variance
EQUAL = tuple(_networks((2, 2, 2, 2), (Fraction(1, 3),) * 3))
ONE_LAYER = {f(y[k]): 2, df(y[k]): 3, w: ((), (0, 5, 7)), G: (0, 11, 13), k: 1, j: 2, next_width: 2}  # counted from 1


# --- what tanh makes of the linear regime ----------------------------------------------------------


@cache
def _saturation() -> Gap:
    """The mean square of the last hidden layer under eq. 16, where the linear regime keeps the input's 1."""
    from numerics.ensembles import Inputs, Weights, dense
    from numerics.evidence import plan_bounded
    from numerics.sampling.passes import squared_norm

    def mean_square(seen: Pass) -> Tensor:
        return squared_norm(seen.activations[DEPTH])[:, 0] / WIDTH

    inputs = Inputs((WIDTH,), squared_length=float(WIDTH), random=True)
    network = dense((WIDTH,) * (DEPTH + 1), Weights("uniform", 1, "fan_average"), "tanh", inputs=inputs)
    sampled = Sampled(f"tanh networks of width {WIDTH}, eq. 16, inputs of variance 1", network, sp.S.One, SHIFT)
    said, point = judged(sampled, plan_bounded(1, 0, 1, shift=SHIFT, alpha=ALPHA, beta=BETA), mean_square)
    return Gap(f"the sampled Var z^{DEPTH} is {said} ({RATES})", (point,))


_slopes = by_theorem(
    "the factor E f'(s)^2 of the top hidden layer",
    "variance.jacobian_factor",
    lambda place: sp.S.One,
    [{"activation": "tanh", "preactivation_variance": variance} for variance in (1, Fraction(1, 3))],
)


# --- properties ------------------------------------------------------------------------------------


def _half_width(variance: sp.Expr) -> sp.Expr:
    """Of the uniform law with this variance: Var U(-c, c) = c^2/3."""
    return sp.sqrt(3 * variance)


def _compromise(statement: sp.Basic) -> sp.Expr:
    """The variance that makes the larger error least; `statement` is that theorem's own right-hand side."""
    return balanced(find("variance.compromise").derivation().statement)


def _both_kept(printed: sp.Basic) -> Decision:
    """The least larger error is 0 exactly where both conditions can hold together."""
    assert isinstance(printed, sp.Eq)
    least = find("variance.compromise").derivation().statement.left
    pairs = [(one, other) for one in range(1, 8) for other in range(1, 8)]

    def agrees(pair: tuple[int, int]) -> bool:
        env = dict(zip((a, b), pair, strict=True))
        sides = (rational(side, env) for side in printed.args)
        return (rational(least, env) == 0) == (next(sides) == next(sides))

    failing = smallest_failing(pairs, agrees)
    because = f"the least larger error {unicode(least)} is 0 exactly where the printed condition holds"
    counter = "" if failing is None else f"widths {failing[0]} and {failing[1]}"
    return Decision(failing is None, because, ("variance.compromise",), least, counter)


def _gradients(printed: sp.Basic) -> Decision:
    """Equal widths: the gradient's factor a layer, and whether weight gradients have one variance in all layers."""
    standard, normalized = (sp.Rational(scale) for scale in printed.args)
    backward, weight = (
        at_equal_widths(find(f"variance.{name}").value()) for name in ("backpropagated", "weight_gradient")
    )
    factor = sp.simplify(backward / backward.subs(i, i + 1))
    at = {name: factor.subs(v[0], scale / n[0]) for name, scale in (("standard", standard), ("normalized", normalized))}
    derived = [find("variance.standard_weight").value().subs(n_, n[0]), find("variance.normalized_weight").value()]
    scales = [sp.cancel(n[0] * derived[0]), sp.cancel(n_in * derived[1].subs(n_out, n_in))]
    holds = at["standard"] < 1 and at["normalized"] == 1 and not weight.has(i) and scales == [standard, normalized]
    because = (
        f"at equal widths a layer multiplies Var dC/ds by {scales[0]} and {scales[1]}; Var dC/dW does not contain i"
    )
    theorems = ("variance.backpropagated", "variance.weight_gradient")
    counter = "" if holds else f"factors {at['standard']} and {at['normalized']}"
    return Decision(bool(holds), because, theorems, sp.Tuple(factor, weight), counter)


# --- experiments -----------------------------------------------------------------------------------

_ERRORS = {  # Table 1, per cent: softsign, softsign N, tanh, tanh N, sigmoid
    "Shapeset-3x2": ("16.27", "16.06", "27.15", "15.60", "82.61"),
    "MNIST": ("1.64", "1.72", "1.76", "1.64", "2.21"),
    "CIFAR-10": ("55.78", "53.8", "55.9", "52.92", "57.28"),
    "Small-ImageNet": ("69.14", "68.13", "70.58", "68.57", "70.66"),
}
_columns = [sp.Tuple(*map(sp.Rational, _ERRORS[column])) for column in COLUMNS]
_table = sp.Tuple(sp.Tuple(*_columns[:3]), _columns[3])
_TRAINING = "five hidden layers of 1000 units, plain SGD with mini-batches of 10"


CLAIMS: tuple[Claim, ...] = (
    Claim(
        "G-01", PAPER, "text", "The standard initialisation draws weights from U(-c, c) with c = 1/sqrt(n).",
        formula("variance.standard_weight", in_print=_half_width), 1 / sp.sqrt(n_),
        "A definition: what is checked is that a weight of the variance in G-15 has this law.",
    ),
    Claim(
        "G-02", PAPER, "text", "Eq. 2, the chain rule from the gradient at one layer's pre-activations to that below.",
        formula("variance.backpropagation", at=(ONE_LAYER,)), df(y[k]) * sp.Sum(w[k, m] * G[m], (m, 1, next_width)),
    ),
    Claim(
        "G-03", PAPER, "text", "Eq. 3, a weight's gradient is the activation below times the gradient above.",
        formula("variance.weight_derivative", at=(ONE_LAYER,)), f(y[k]) * G[j],
    ),
    Claim(
        "G-05", PAPER, "text", "Eq. 5, each layer multiplies the variance of activations by n_i Var W^i.",
        formula("variance.activation", at=UNEQUAL, gap=_saturation), q[0] * sp.Product(n[r] * v[r], (r, 0, i - 1)),
    ),
    Claim(
        "G-06", PAPER, "text", "Eq. 6, the variance of the gradient at layer i from that at the output.",
        formula("variance.backpropagated", at=UNEQUAL), g[d] * sp.Product(n[r + 1] * v[r], (r, i, d)),
        "W^i feeds s^i: the first matrix above s^i is W^{i+1}.",
    ),
    Claim(
        "G-07", PAPER, "text", "Eq. 7, the variance of a weight's gradient: forward times backward products.",
        formula("variance.weight_gradient", at=UNEQUAL),
        q[0] * sp.Product(n[r] * v[r], (r, 0, i - 1)) * g[d] * sp.Product(n[r + 1] * v[r], (r, i, d - 1)),
        "Between layer i and the output stand W^{i+1}..W^d; the paper's second product takes W^i..W^{d-1}.",
    ),
    Claim(
        "G-08", PAPER, "text", "The forward variance is kept in all layers iff n_i Var W^i = 1 for all i.",
        condition("variance.forward_condition", "variance.activation", gap=_saturation), sp.Eq(n[i] * v[i], 1),
    ),
    Claim(
        "G-09", PAPER, "text", "The backward variance is kept in all layers iff n_{i+1} Var W^i = 1 for all i.",
        condition("variance.backward_condition", "variance.backpropagated", gap=_slopes), sp.Eq(n[i + 1] * v[i], 1),
        "No gradient at a pre-activation passes through W^0.",
    ),
    Claim(
        "G-12", PAPER, "text", "The compromise is Var W = 2/(n_in + n_out); both conditions hold iff widths are equal.",
        together(formula("variance.compromise", in_print=_compromise, at=({a: 2, b: 3},)), proposition(_both_kept)),
        sp.Tuple(2 / (a + b), sp.Eq(a, b)),
        "It makes the larger of the errors |a u - 1|, |b u - 1| least, and the mean factor 1; the sum of the squared "
        "logarithms of the two factors is least at 1/sqrt(a b) instead.",
    ),
    Claim(
        "G-13", PAPER, "text", "Eq. 13, equal widths: the gradient's variance is (n Var W)^(d-i) Var x.",
        formula("variance.backpropagated", in_print=at_equal_widths, at=EQUAL), q[0] * (n[0] * v[0]) ** (d - i),
        "Var x stands where the variance of the output gradient belongs.",
    ),
    Claim(
        "G-14", PAPER, "text", "Eq. 14, equal widths: weight gradients have one variance in all layers.",
        formula("variance.weight_gradient", in_print=at_equal_widths, at=EQUAL, gap=_saturation),
        (n[0] * v[0]) ** d * q[0] * g[d],
        "The last layer's weight gradient has the variance of the last hidden layer as a factor.",
    ),
    Claim(
        "G-15", PAPER, "text", "Eq. 15, the standard initialisation has n Var W = 1/3.",
        formula("variance.standard_weight", in_print=lambda variance: sp.cancel(n_ * variance)), sp.Rational(1, 3),
    ),
    Claim(
        "G-16", PAPER, "text", "Eq. 16, U(-c, c) with c = sqrt(6)/sqrt(n_in + n_out) has the variance of eq. 12.",
        together(
            formula("variance.normalized_weight", in_print=_half_width),
            formula(
                "variance.compromise",
                in_print=lambda right: _half_width(_compromise(right)).subs({a: n_in, b: n_out}),
                at=({n_in: 2, n_out: 3},),
            ),
        ),
        sp.Tuple(*(sp.sqrt(6) / sp.sqrt(n_in + n_out),) * 2),
    ),
    Claim(
        "G-17", PAPER, "text", "The mean singular value of a layer's Jacobian is about 0.8 (eq. 16) and 0.5 (eq. 1).",
        beside(
            rounded(
                "variance.mean_singular_value", [{"scale": 1}, {"scale": Fraction(1, 3)}], decimals=1, gap=behind_tanh
            ),
            "glorot_monitors", "G-17",
        ),
        sp.Tuple(sp.Rational(4, 5), sp.Rational(1, 2)),
    ),
    Claim(
        "G-18", PAPER, "text", "The mean singular value is the ratio of small volumes and of activation variances.",
        proposition(one_number),
    ),
    Claim(
        "G-20", PAPER, "text", "Table 1: test errors of five nets on four data sets; sigmoid worst, tanh N among the best.",
        together(
            experiment(
                "glorot_table", "G-20", f"test errors on {', '.join(COLUMNS[:3])}: {_TRAINING}",
                beyond=f"the errors in print are of {_TRAINING} (size full); CIFAR-10 needs one's own copy",
                evidence=constant_guess(),
            ),
            out_of_reach("the 37x37 grey version of ImageNet was not published"),
        ),
        _table,
    ),
    Claim(
        "G-21", PAPER, "text", "With sigmoids the top hidden layer saturates at 0 at once; at depth 5 it stays there.",
        experiment(
            "glorot_monitors", "G-21", f"sigmoid nets of depth 4 and 5 on Shapeset-3x2, {_TRAINING}; activations over time",
        ),
    ),
    Claim(
        "G-22", PAPER, "text", "Tanh under eq. 1 saturates layer by layer from the first; softsign all layers together.",
        experiment(
            "glorot_monitors", "G-22", f"98th percentiles of activations of tanh and softsign nets over time, {_TRAINING}",
        ),
    ),
    Claim(
        "G-23", PAPER, "text", "First gradients shrink downwards under eq. 1, not under eq. 16; weight gradients never do.",
        beside(proposition(_gradients, gap=_slopes), "glorot_monitors", "G-23"), sp.Tuple(sp.Rational(1, 3), 1),
        "printed: n Var W of the two initialisations.",
    ),
    Claim(
        "G-24", PAPER, "text", "In training the layers' weight gradients drift apart under eq. 1, not under eq. 16.",
        experiment(
            "glorot_monitors", "G-24", f"standard deviations of the layers' weight gradients over time, {_TRAINING}",
        ),
    ),
    Claim(
        "G-25", PAPER, "text", "Cross-entropy has milder plateaus than the quadratic cost.",
        experiment(
            "glorot_monitors", "G-25", "both costs of one hidden tanh layer on random inputs, as two of its weights vary",
        ),
    ),
)  # fmt: skip
