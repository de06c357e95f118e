"""Claims of Balduzzi et al. (2017).

Reference: balduzzi2017.  Where theirs is a theorem on "typical datapoints", the gap is that to real networks: rectifier
networks of infinite width by a theorem, networks of finite width, with or without batch normalisation, by sampling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

from papers.claims.accuracy import accuracy
from papers.claims.claim import Claim
from papers.claims.experiments import beside, experiment
from papers.claims.formulas import formula
from papers.claims.gaps import by_theorem
from papers.claims.numbers import rounded
from papers.claims.properties import proposition
from papers.claims.rectifiers import climbs, decays, parameters
from papers.claims.sampled_gaps import cosines, feedforward_square, squares
from papers.claims.together import together
from papers.claims.typical_datapoints import (
    HIGHWAY,
    PLAIN,
    SCALED,
    UNSCALED,
    feedforward_gap,
    hundred_layers,
    ten_layers,
    ten_layers_square,
)
from theory.proof.library import find
from theory.shattering.architectures import alpha, beta, gamma
from theory.shattering.batch import m
from theory.shattering.brownian import s, t
from theory.shattering.layers import b, e
from theory.shattering.looks_linear import W, positions, radius, x, z
from theory.shattering.looks_linear import p_ as position
from theory.shattering.normalized import VARIANCE
from theory.shattering.normalized import beta as branch
from theory.shattering.paths import P, chosen, passes, sigma
from theory.symbols import L, N, d, i, j, k, l, r, rho

PAPER = "balduzzi2017"
HALF, QUARTER = sp.Rational(1, 2), sp.Rational(1, 4)


# --- what the theorems say, as the paper writes it ------------------------------------------------------


def _resnet(weight: sp.Expr) -> Callable[[sp.Basic], sp.Basic]:
    return lambda derived: sp.simplify(derived.subs({alpha: weight, beta: 1}))


def _covariance(derived: sp.Basic) -> sp.Basic:
    variance = find("shattering.resnet_variance").value()
    return sp.powsimp((derived * variance).subs({alpha: 1, beta: 1}), force=True)


def _highway_layers(derived: sp.Basic) -> sp.Basic:
    """The product over layers at e_r = gamma_1, b_r = gamma_2."""
    weights = {e: gamma, b: sp.sqrt(1 - gamma**2)}
    entries = derived.subs({i: 0, d: L}, simultaneous=True)
    known = entries.replace(lambda a: isinstance(a, sp.Indexed), lambda a: weights[a.base])
    return sp.simplify(known.doit())


def _at_root(derived: sp.Basic) -> sp.Basic:
    return sp.limit(derived.subs(gamma, sp.sqrt(1 - 1 / L)), L, sp.oo)


def _before_telescoping(derived: sp.Basic) -> sp.Basic:
    """The product over layers that the theorem's last step sums up."""
    return find("shattering.normalized_resnet_variance").derivation().statement.steps[-1].left


def _leading(derived: sp.Basic) -> sp.Basic:
    """The leading term at large depth: K/sqrt(L)."""
    return sp.limit(derived * sp.sqrt(L), L, sp.oo) / sp.sqrt(L)


def _leading_covariance(derived: sp.Basic) -> sp.Basic:
    return _leading(derived) * sp.LT(sp.expand(VARIANCE), L)


_factor = branch**2 / (branch**2 * (r - 1) + 1)
_both = chosen[1, k] * chosen[2, k]


_SETS = ((), (0, 1, 1, 0), (0, 1, 0, 1), (0, 1, 1, 1))  # three sets of three paths; all arrays are counted from 1
_PASSED = ((), (0, 1, 0), (0, 1, 1), (0, 0, 1))
_PATHS = ({chosen: _SETS, passes: _PASSED, sigma: 2, L: 3, P: 3},)
_LAYER = {
    **{W: ((), (0, 2, 3), (0, 5, 7)), x: (0, 11, 13), k: 1, j: 2, N: 2},
    **{z: ((), (0, 2, 3), (0, 5, 7), (0, 11, 13)), radius: 1, positions: 2},
}


_depth_100: list[Mapping[str, Any]] = [{"depth": 100, "beta": weight} for weight in (sp.Rational(1, 10), 1)]

CLAIMS: tuple[Claim, ...] = (
    Claim(
        *("B-01", PAPER, "text"),
        "The derivative of a random net with one hidden layer has the covariance min(s, t) of Brownian motion.",
        formula("shattering.brownian_covariance"),
        sp.Min(s, t),
        "The covariance holds at every width; that the whole process converges is Donsker's theorem, not derived here.",
    ),
    Claim(
        *("B-02", PAPER, "text"),
        "With weights of variance 2/N the gradient of a feed-forward rectifier net has variance 1.",
        formula("shattering.feedforward_variance", gap=feedforward_square(PLAIN, 0.05)),
        sp.S.One,
    ),
    Claim(
        *("B-03", PAPER, "text"),
        "Two inputs' gradients in a feed-forward rectifier net correlate as 2^-L.",
        formula("shattering.feedforward_correlation", gap=feedforward_gap),
        sp.Integer(2) ** -L,
    ),
    Claim(
        *("B-04", PAPER, "text"),
        "Residual nets without normalisation: variance 2^L, covariance (3/2)^L, correlation (3/4)^L.",
        together(
            formula(
                "shattering.resnet_variance",
                in_print=_resnet(sp.S.One),
                gap=squares(UNSCALED, sp.Integer(2) ** 5, 4000),
            ),
            formula("shattering.resnet_correlation", in_print=_covariance, gap=cosines(UNSCALED)),
            formula("shattering.resnet_correlation", in_print=_resnet(sp.S.One), gap=cosines(UNSCALED)),
        ),
        sp.Tuple(sp.Integer(2) ** L, sp.Rational(3, 2) ** L, sp.Rational(3, 4) ** L),
    ),
    Claim(
        *("B-05", PAPER, "text"),
        "Scaled by 1/sqrt(2), residual nets have variance 1 and still the correlation (3/4)^L.",
        together(
            formula(
                "shattering.resnet_variance",
                in_print=_resnet(sp.sqrt(HALF)),
                gap=squares(SCALED, sp.S.One, 4000),
            ),
            formula(
                "shattering.resnet_correlation",
                in_print=_resnet(sp.sqrt(HALF)),
                gap=cosines(SCALED),
            ),
        ),
        sp.Tuple(sp.S.One, sp.Rational(3, 4) ** L),
    ),
    Claim(
        *("B-06", PAPER, "text"),
        "With batch normalisation and branches of weight beta the gradient has variance beta^2 (L - 1) + 1.",
        formula("shattering.normalized_resnet_variance", gap=ten_layers_square),
        branch**2 * (L - 1) + 1,
    ),
    Claim(
        *("B-07", PAPER, "text"),
        "With batch normalisation covariance ~ beta sqrt(L), correlation ~ 1/(beta sqrt(L)); two finite products behind it.",
        together(
            formula("shattering.normalized_resnet_variance", in_print=_before_telescoping, gap=ten_layers_square),
            formula("shattering.normalized_resnet_covariance", gap=ten_layers),
            formula("shattering.normalized_resnet_asymptote", in_print=_leading_covariance),
            formula("shattering.normalized_resnet_asymptote", in_print=_leading),
        ),
        sp.Tuple(
            sp.Product(1 + _factor, (r, 1, L - 1)),
            sp.Product(1 + _factor / 2, (r, 1, L - 1)),
            branch * sp.sqrt(L),
            1 / (branch * sp.sqrt(L)),
        ),
        "The leading term needs L large against 1/beta^2; shattering.normalized_resnet_asymptote is good before.",
    ),
    Claim(
        *("B-08", PAPER, "text"),
        "At 100 layers the gradient correlation is 0.7 for beta = 0.1 and 0.1 for beta = 1.",
        rounded("shattering.normalized_resnet_correlation", _depth_100, decimals=1, gap=hundred_layers),
        sp.Tuple(sp.Rational(7, 10), sp.Rational(1, 10)),
        "From the finite products: 1/(beta sqrt(L)) would say 1 for beta = 0.1.",
    ),
    Claim(
        *("B-09", PAPER, "text"),
        "The product of 1 + 1/(2l) over l = 1..L-1 is about sqrt(4 (L + 1)/pi).",
        accuracy("shattering.normalized_resnet_covariance", along=("depth", L), fixed={"beta": 1}),
        sp.sqrt(4 * (L + 1) / sp.pi),
        "The product is 2/sqrt(pi) Gamma(L + 1/2)/Gamma(L), near sqrt(4 (L - 1/4)/pi).",
    ),
    Claim(
        *("B-10", PAPER, "text"),
        "Highway nets: variance 1, correlation (gamma_1^2 + gamma_2^2/2)^L, tending to exp(-1/2) at gamma_2^2 = 1/L.",
        together(
            formula("shattering.variance_path", in_print=_highway_layers, gap=squares(HIGHWAY, sp.S.One, 4000)),
            formula("shattering.highway_correlation", gap=cosines(HIGHWAY)),
            formula("shattering.highway_correlation", in_print=_at_root, gap=cosines(HIGHWAY)),
        ),
        sp.Tuple(sp.S.One, (gamma**2 + (1 - gamma**2) / 2) ** L, sp.exp(-HALF)),
        "The distance to the limit is at most exp(-1/2)/(4L - 2): shattering.highway_limit.",
    ),
    Claim(
        *("B-11", PAPER, "text"),
        "The covariance of two sets of paths is |A n B| sigma^(2(L-1)); residual paths count sigma^2 a weight passed.",
        together(formula("shattering.path_overlap", at=_PATHS), formula("shattering.residual_path_overlap", at=_PATHS)),
        sp.Tuple(
            sp.Sum(_both, (k, 1, P)) * sigma ** (2 * (L - 1)),
            sp.Sum(_both * sp.Product(passes[k, l] * sigma**2 + 1 - passes[k, l], (l, 1, L - 1)), (k, 1, P)),
        ),
        "Residual paths need one common end: two that pass no weight have weight 1 each and share nothing.",
    ),
    Claim(
        *("B-12", PAPER, "text"),
        "Gradient correlation decays exponentially in feed-forward rectifier nets, far more slowly with skip connections.",
        beside(proposition(decays), "gradient_structure", "B-12"),
        sp.Integer(2) ** -L,
    ),
    Claim(
        *("B-13", PAPER, "text"),
        "Gradients of shallow nets look like brown noise, of 24 layers like white noise, of 50 residual layers in between.",
        experiment(
            "gradient_structure",
            "B-13",
            "at initialisation, the autocorrelation of df/dx to lag 15 over 256 grid points of [-2, 2], 20 nets of 200 "
            "units and depths 2, 4, 10, 24, 50, against that of brown and of white noise",
        ),
    ),
    Claim(
        *("B-14", PAPER, "text"),
        "Units are active for half of the inputs; for a quarter of pairs behind normalisation, else ever more with depth.",
        beside(
            together(
                formula("shattering.coactivation", in_print=lambda derived: derived.subs(rho, 1)),
                formula(
                    "shattering.normalized_coactivation",
                    in_print=lambda derived: sp.limit(derived, m, sp.oo),
                    gap=by_theorem(
                        "the share at a finite batch, at every depth,",
                        "shattering.normalized_coactivation",
                        lambda place: QUARTER,
                        [{"batch": size} for size in (8, 32, 128)],
                    ),
                ),
                proposition(climbs),
            ),
            "gradient_structure",
            "B-14",
        ),
        sp.Tuple(HALF, QUARTER, HALF),
        "A quarter is the limit of large batches.",
    ),
    Claim(
        *("B-15", PAPER, "text"),
        "Mirrored blocks (W -W) behind CReLU are linear, isometric for orthogonal W, with one gradient at all inputs.",
        together(
            formula("shattering.looks_linear", at=(_LAYER,)),
            formula("shattering.looks_linear_isometry", at=(_LAYER,)),
            formula("shattering.looks_linear_gradient", at=(_LAYER,)),
        ),
        sp.Tuple(sp.Sum(W[k, l] * x[l], (l, 1, N)), sp.Sum(x[l] ** 2, (l, 1, N)), W[k, j]),
    ),
    Claim(
        *("B-16", PAPER, "text"),
        "A kernel that is an orthonormal matrix at its centre and 0 elsewhere is an isometry.",
        formula("shattering.orthogonal_convolution", at=(_LAYER,)),
        sp.Sum(z[position + radius, l] ** 2, (l, 1, N), (position, 1, positions)),
        "Stride 1; what the padding holds does not count.",
    ),
    Claim(
        *("B-17", PAPER, "text"),
        "CReLU nets with 1/sqrt(2) as many filters have the parameter count of the rectifier net.",
        proposition(parameters),
        1 / sp.sqrt(2),
    ),
    Claim(
        *("B-18", PAPER, "text"),
        "The effective rank of input gradients, relative to a Gaussian matrix, grows with depth much faster without skips.",
        experiment(
            "gradient_structure",
            "B-18",
            "at initialisation, the effective rank of a batch's input gradients against depth, with and without skips",
        ),
    ),
    Claim(
        *("B-19", PAPER, "text"),
        "Convolutional nets show the same gradient structure as fully connected ones.",
        experiment(
            "gradient_structure",
            "B-19",
            "at initialisation, the correlation and the effective rank of input gradients on pictures, in convolutional "
            "nets and in fully connected ones, against depth",
        ),
    ),
    Claim(
        *("B-20", PAPER, "text"),
        "Nets of 200 layers train without skips if they look linear at first; He's at depth 198 end below a linear model.",
        experiment(
            "looks_linear",
            "B-20",
            "nets of depths to 200 with Adam: looks-linear CReLU, He-initialised ReLU and residual nets, test errors "
            "against those of a linear model",
            about=("test error at", "200 layers"),
            beyond="the figures in print are of convolutional nets on CIFAR-10, which needs one's own copy",
        ),
    ),
)
