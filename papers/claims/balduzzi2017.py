"""Claims of Balduzzi et al. (2017).

Reference: balduzzi2017.  Where theirs is a theorem on "typical datapoints", the gap is that to real networks: rectifier
networks of infinite width by a theorem, networks of finite width, with or without batch normalisation, by sampling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

from numerics.evaluate import value
from papers.claims.accuracy import accuracy
from papers.claims.claim import Claim, Point
from papers.claims.experiments import experiment
from papers.claims.formulas import formula
from papers.claims.gaps import by_theorem, joined
from papers.claims.idealisations import Gap
from papers.claims.numbers import rounded
from papers.claims.properties import Decision, proposition, smallest_failing
from papers.claims.sampled_gaps import cosines, feedforward, feedforward_square, normalized, skipping, squares
from papers.claims.together import together
from theory.proof.library import find
from theory.proof.notation import unicode
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


# --- gaps -------------------------------------------------------------------------------------------


def _correlation(depth: int, weight: sp.Rational) -> sp.Rational:
    """That of theorem 3, as a fraction of six digits."""
    return sp.Rational(value("shattering.normalized_resnet_correlation", 6, depth=depth, beta=weight))


_wide = by_theorem(
    "the gradient correlation of wide rectifier networks, orthogonal inputs,",
    "shattering.relu_gradient_correlation",
    lambda place: sp.Rational(1, 2 ** place["depth"]),
    [{"depth": depth, "correlation": 0} for depth in (1, 5, 24, 50)],
)
_plain = feedforward(100, 5, 0.07)
_feedforward = joined(_wide, cosines(_plain))
_unscaled = skipping(100, 5, 1.0, 1.0, sp.Rational(3, 4) ** 5, 0.08)
_scaled = skipping(100, 5, 0.5**0.5, 0.5**0.5, sp.Rational(3, 4) ** 5, 0.08)
_highway = skipping(50, 5, 0.8**0.5, 0.2**0.5, sp.Rational(9, 10) ** 5, 0.04)  # gamma_1^2 = 1 - 1/L


def normalized_cosines(*places: tuple[int, sp.Rational, int, float]) -> Gap:
    """The gap of theorem 3 at (depth, beta, width, shift), with batches of 16."""
    nets = (normalized(width, depth, float(w), 16, _correlation(depth, w), shift) for depth, w, width, shift in places)
    return cosines(*nets)()


def _ten_layers() -> Gap:
    return normalized_cosines((10, sp.S.One, 32, 0.12))


def _hundred_layers() -> Gap:
    return normalized_cosines((100, sp.Rational(1, 10), 16, 0.09), (100, sp.S.One, 16, 0.12))


def _ten_layers_square() -> Gap:
    return squares(normalized(32, 10, 1, 16, _correlation(10, sp.S.One), 0.12), sp.Integer(10), 2000)()


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


# --- properties ------------------------------------------------------------------------------------------


def _decays(printed: sp.Basic) -> Decision:
    """A lower bound that is a power of the depth, against an exponential of it."""
    name = "shattering.relu_gradient_lower_bound"
    bound = sp.simplify(find(name).derivation().statement.left.subs(rho, 0))
    if sp.limit(sp.log(bound) - sp.log(printed), L, sp.oo) != sp.oo:
        return Decision(None, f"the lower bound of {name} does not decide it", (name,))
    depth = smallest_failing(range(1, 1000), lambda at: bool(bound.subs(L, at) <= printed.subs(L, at)))
    if depth is None:
        return Decision(None, "no depth below 1000 tells", (name,))
    least, claimed = (f"{float(side.subs(L, depth)):.4g}" for side in (bound, printed))
    deep = {"depth": 50, "correlation": 0}
    real, ideal = value("shattering.relu_gradient_correlation", 6, **deep), printed.subs(L, deep["depth"])
    return Decision(
        False,
        f"in wide rectifier networks it is at least {unicode(bound)} for orthogonal inputs at every depth L, a power of "
        "L: the exponential law needs typical datapoints, and for these skip connections alone leave it exponential",
        (name, "shattering.relu_gradient_power", "shattering.resnet_correlation"),
        counterexample=f"depth {depth}: at least {least}, where the exponential law says {claimed}",
        points=(Point(f"L = {depth}", claimed, f">= {least}"), Point("L = 50", f"{float(ideal):.6g}", real)),
    )


def _climbs(printed: sp.Basic) -> Decision:
    """The lower bound on the share of co-active units grows with the depth, and to the printed limit."""
    name = "shattering.coactivation_climbs"
    bound = find(name).derivation().statement.left.subs(rho, 0)
    grows = sp.simplify(sp.diff(bound.subs(L, sp.Symbol("L", positive=True)), sp.Symbol("L", positive=True)))
    limit = sp.limit(bound, L, sp.oo)
    ends = limit == printed
    return Decision(
        bool(grows.is_positive and ends),
        "without normalisation the share of units active for both of two orthogonal inputs is at least "
        f"{unicode(bound)}, which grows to {limit}",
        (name,),
        counterexample=""
        if ends
        else f"at large depth it exceeds every number below {limit}, and {printed} is printed",
    )


def _parameters(printed: sp.Basic) -> Decision:
    """A concatenated rectifier layer with m filters has 2 m of them below: 2 m^2 against n^2 weights of a place."""
    name = "shattering.looks_linear"
    share = sp.simplify(2 * printed**2)
    points = []
    for filters in (8, 16, 32, 64):
        nearest = int(sp.Integer(round(float(printed * filters))))
        points.append(Point(f"{filters} filters, {nearest} of them", str(filters**2), str(2 * nearest**2)))
    return Decision(
        share == 1,
        f"a block (W -W) with {unicode(printed)} as many filters has {share} times the weights of the rectifier layer, "
        "up to rounding to whole filters; the first layer and the biases have fewer",
        (name,),
        counterexample="" if share == 1 else f"one filter more or less: {share} times as many weights",
        points=tuple(points),
    )


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
        formula("shattering.feedforward_variance", gap=feedforward_square(_plain, 0.05)),
        sp.S.One,
    ),
    Claim(
        *("B-03", PAPER, "text"),
        "Two inputs' gradients in a feed-forward rectifier net correlate as 2^-L.",
        formula("shattering.feedforward_correlation", gap=_feedforward),
        sp.Integer(2) ** -L,
    ),
    Claim(
        *("B-04", PAPER, "text"),
        "Residual nets without normalisation: variance 2^L, covariance (3/2)^L, correlation (3/4)^L.",
        together(
            formula(
                "shattering.resnet_variance",
                in_print=_resnet(sp.S.One),
                gap=squares(_unscaled, sp.Integer(2) ** 5, 4000),
            ),
            formula("shattering.resnet_correlation", in_print=_covariance, gap=cosines(_unscaled)),
            formula("shattering.resnet_correlation", in_print=_resnet(sp.S.One), gap=cosines(_unscaled)),
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
                gap=squares(_scaled, sp.S.One, 4000),
            ),
            formula(
                "shattering.resnet_correlation",
                in_print=_resnet(sp.sqrt(HALF)),
                gap=cosines(_scaled),
            ),
        ),
        sp.Tuple(sp.S.One, sp.Rational(3, 4) ** L),
    ),
    Claim(
        *("B-06", PAPER, "text"),
        "With batch normalisation and branches of weight beta the gradient has variance beta^2 (L - 1) + 1.",
        formula("shattering.normalized_resnet_variance", gap=_ten_layers_square),
        branch**2 * (L - 1) + 1,
    ),
    Claim(
        *("B-07", PAPER, "text"),
        "With batch normalisation covariance ~ beta sqrt(L), correlation ~ 1/(beta sqrt(L)); two finite products behind it.",
        together(
            formula("shattering.normalized_resnet_variance", in_print=_before_telescoping, gap=_ten_layers_square),
            formula("shattering.normalized_resnet_covariance", gap=_ten_layers),
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
        rounded("shattering.normalized_resnet_correlation", _depth_100, decimals=1, gap=_hundred_layers),
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
            formula("shattering.variance_path", in_print=_highway_layers, gap=squares(_highway, sp.S.One, 4000)),
            formula("shattering.highway_correlation", gap=cosines(_highway)),
            formula("shattering.highway_correlation", in_print=_at_root, gap=cosines(_highway)),
        ),
        sp.Tuple(sp.S.One, (gamma**2 + (1 - gamma**2) / 2) ** L, sp.exp(-HALF)),
        "The distance to the limit is at most exp(-1/2)/(4L - 2): shattering.highway_limit.",
    ),
    Claim(
        *("B-11", PAPER, "text"),
        "The covariance of two sets of paths is |A n B| sigma^(2(L-1)); residual paths count sigma^2 a weight passed.",
        together(formula("shattering.path_overlap"), formula("shattering.residual_path_overlap")),
        sp.Tuple(
            sp.Sum(_both, (k, 1, P)) * sigma ** (2 * (L - 1)),
            sp.Sum(_both * sp.Product(passes[k, l] * sigma**2 + 1 - passes[k, l], (l, 1, L - 1)), (k, 1, P)),
        ),
        "Residual paths need one common end: two that pass no weight have weight 1 each and share nothing.",
    ),
    Claim(
        *("B-12", PAPER, "text"),
        "Gradient correlation decays exponentially in feed-forward rectifier nets, far more slowly with skip connections.",
        proposition(_decays),
        sp.Integer(2) ** -L,
    ),
    Claim(
        *("B-13", PAPER, "text"),
        "Gradients of shallow nets look like brown noise, of 24 layers like white noise, of 50 residual layers in between.",
        experiment(
            "at initialisation, the autocorrelation of df/dx to lag 15 over 256 grid points of [-2, 2], 20 nets of 200 "
            "units and depths 2, 4, 10, 24, 50, against that of brown and of white noise; needs the law of the biases"
        ),
    ),
    Claim(
        *("B-14", PAPER, "text"),
        "Units are active for half of the inputs; for a quarter of pairs behind normalisation, else ever more with depth.",
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
            proposition(_climbs),
        ),
        sp.Tuple(HALF, QUARTER, HALF),
        "A quarter is the limit of large batches.",
    ),
    Claim(
        *("B-15", PAPER, "text"),
        "Mirrored blocks (W -W) behind CReLU are linear, isometric for orthogonal W, with one gradient at all inputs.",
        together(
            formula("shattering.looks_linear"),
            formula("shattering.looks_linear_isometry"),
            formula("shattering.looks_linear_gradient"),
        ),
        sp.Tuple(sp.Sum(W[k, l] * x[l], (l, 1, N)), sp.Sum(x[l] ** 2, (l, 1, N)), W[k, j]),
    ),
    Claim(
        *("B-16", PAPER, "text"),
        "A kernel that is an orthonormal matrix at its centre and 0 elsewhere is an isometry.",
        formula("shattering.orthogonal_convolution"),
        sp.Sum(z[position + radius, l] ** 2, (l, 1, N), (position, 1, positions)),
        "Stride 1; what the padding holds does not count.",
    ),
    Claim(
        *("B-17", PAPER, "text"),
        "CReLU nets with 1/sqrt(2) as many filters have the parameter count of the rectifier net.",
        proposition(_parameters),
        1 / sp.sqrt(2),
    ),
    Claim(
        *("B-18", PAPER, "text"),
        "The effective rank of input gradients, relative to a Gaussian matrix, grows with depth much faster without skips.",
        experiment(
            "at initialisation, the effective rank of a batch's input gradients against depth, with and without skips"
        ),
    ),
    Claim(
        *("B-19", PAPER, "text"),
        "Convolutional nets show the same gradient structure as fully connected ones.",
        experiment(
            "at initialisation, the correlation and the effective rank of input gradients on CIFAR-10 images, in the "
            "convolutional nets of B-20 and in fully connected ones, against depth"
        ),
    ),
    Claim(
        *("B-20", PAPER, "text"),
        "Nets of 200 layers train without skips if they look linear at first; He's at depth 198 end below a linear model.",
        experiment(
            "CIFAR-10, convolutional nets of depths to 198 with Adam: looks-linear CReLU, He-initialised ReLU and residual "
            "nets, test accuracy as the mean of 10 models, against a linear model"
        ),
    ),
)
