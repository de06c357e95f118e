"""What decides the claims about the mean length scale: where it is kept, what bounds it, which figure is whose.

Reference: hanin2018start.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

import sympy as sp

from numerics.evaluate import function, value
from papers.claims.claim import Point
from papers.claims.points import text
from papers.claims.properties import Decision, smallest_failing
from theory.failure_modes.initialisations import INITIALISATIONS
from theory.failure_modes.residual import eta, eta_, mean
from theory.proof.library import find
from theory.symbols import bias_variance, d, length, scale

# --- dense networks ------------------------------------------------------------------------------------------------


def critical_scale(printed: sp.Basic) -> Decision:
    """Without biases E M_d grows exponentially above the printed scale and decays exponentially below it."""
    name = "failure_modes.mean_length"
    unbiased = find(name).value().subs(bias_variance, 0)
    factor = sp.simplify(unbiased.subs(d, d + 1) / unbiased)
    (kept,) = sp.solve(factor - 1, scale)
    grows = bool(sp.diff(factor, scale).is_positive)
    return Decision(
        kept == printed and grows,
        f"without biases every layer multiplies E M by {factor}, increasing and 1 where the scale is {kept} ({name})",
        (name,),
        counterexample=f"at scale {kept} E M is the same in every layer",
    )


# --- residual networks ---------------------------------------------------------------------------------------------

POWERS = (sp.S(2), sp.Rational(3, 2), sp.S.One, sp.S.Half)  # scales eta_l = l^-p, from summable to not
MODULES = (10, 100, 1000)


def rectifier_modules(printed: sp.Basic) -> Decision:
    """Bounded if and only if the printed exponent's sum converges, for modules that end in a rectifier.

    With M the length and m >= 0 the mean of the entries, the exact steps give, for eta >= 0,

        M' - m'^2 >= M - m^2,    m' = m + eta sqrt(M/pi),    M' >= M,

    so m^2 <= M throughout.  Hence (M_0/pi) (sum eta)^2 <= M <= M_0 exp(sum (2/sqrt(pi)) eta + eta^2).
    """
    names = ("failure_modes.rectifier_module_step", "failure_modes.rectifier_module_mean")
    signs = {length: sp.Symbol("M", positive=True), mean: sp.Symbol("m", nonnegative=True)}
    signs[eta_] = sp.Symbol("eta", positive=True)
    above, mean_above = (find(name).value().subs(signs) for name in names)
    at, entries, step = (signs[symbol] for symbol in (length, mean, eta_))
    gains = (above - mean_above**2 - (at - entries**2), mean_above - entries - step * sp.sqrt(at / sp.pi), above - at)
    wider, exact, longer = (sp.simplify(sp.expand(gain)) for gain in gains)
    if not (wider.is_nonnegative and exact == 0 and longer.is_nonnegative):
        return Decision(None, "the steps of length and mean do not give the two bounds", names)
    (total,) = printed.atoms(sp.Sum)
    off = smallest_failing(POWERS, lambda p: _summable(total.function, p) is _summable(eta[total.limits[0][0]], p))
    return Decision(
        off is None,
        "for modules that end in a rectifier (M_0/pi) (sum eta)^2 <= E M_L <= M_0 exp(sum (2/sqrt(pi)) eta + eta^2) in "
        "wide networks (zero-mean input), so it is bounded if and only if sum eta is",
        (*names, "failure_modes.resnet_mean_length"),
        counterexample=f"eta_l = l^-{off}",
        points=tuple(_growth("relu", modules) for modules in MODULES),
    )


def _summable(term: sp.Expr, power: sp.Expr) -> bool:
    """Whether a term in eta_l has a finite sum for eta_l = l^-power."""
    at = sp.Symbol("l", integer=True, positive=True)
    entry = next(iter(term.atoms(sp.Indexed)))
    return bool(sp.Sum(term.subs(entry, at**-power), (at, 1, sp.oo)).is_convergent())


def _growth(module: str, modules: int) -> Point:
    scales = [1 / (layer + 1) for layer in range(modules)]
    grown = function("failure_modes.resnet_mean_length")(scales=scales, module=module)
    kind = {"relu": "rectifier", "linear": "linear layer"}[module]
    return Point(f"eta_l = 1/l, {modules} modules that end in a {kind}", "", f"E M_L/M_0 = {text(float(grown))}")


def linear_module_growth() -> tuple[str, ...]:
    """The same scales with modules of mean 0, where the product converges."""
    return tuple(f"{point.where}: {point.derived}" for point in (_growth("linear", modules) for modules in MODULES))


def geometric_scales(modules: int = 60) -> tuple[str, ...]:
    """E M_L/M_0 for eta_l = b^l and for eta = 1, both kinds of modules: a sentence each."""
    grown = function("failure_modes.resnet_mean_length")
    lines = []
    for base in (1, 0.9, 0.75, 0.5):
        scales = [base**layer for layer in range(1, modules + 1)]
        relu, linear = (text(float(grown(scales=scales, module=module))) for module in ("relu", "linear"))
        lines.append(
            f"eta_l = {base:g}^l, {modules} modules: E M_L/M_0 = {relu} for modules that end in a rectifier, {linear} "
            "for modules that end in a linear layer (failure_modes.resnet_mean_length)"
        )
    return tuple(lines)


# --- the figure ----------------------------------------------------------------------------------------------------

LAYERS, CHANNELS, COLOURS, TAPS = 100, 10, 3, 9  # 3 x 3 convolutions of a colour image, features = depth/10
FIGURE = ("2x He", "He", "truncated He", "Glorot uniform", "Glorot normal")  # as the figure names them
NAMED = ("double he_normal", "he_normal", "he_truncated", "glorot_uniform", "glorot_normal")
KEEPS = ("he_normal", "he_uniform")  # said to keep the length
FAILS = ("glorot_normal", "glorot_uniform", "lecun_normal", "lecun_uniform", "he_truncated", "double he_normal")


def exponents() -> Mapping[str, float]:
    """log10 of E M_100/M_0 in the figure's network, relative to He's, for every initialisation and for twice He's variance.

    E M is linear in the weight variance of each layer whatever the padding, so the quotient by He's is exact.
    """

    def factor(init: str, channels: int) -> float:
        fans = {"fan_in": channels * TAPS, "fan_out": CHANNELS * TAPS}
        return float(value("failure_modes.length_factor", 17, init=init, **fans))

    found = {
        init: math.log10(factor(init, COLOURS)) + (LAYERS - 1) * math.log10(factor(init, CHANNELS))
        for init in INITIALISATIONS
        if init != "torch_linear"
    }
    network = {"widths": [1] * (LAYERS + 1), "scale": 2, "bias_variance": 0, "input_length": 1}
    return found | {"double he_normal": math.log10(float(value("failure_modes.mean_length", 17, **network)))}


def figure(printed: sp.Basic) -> Decision:
    """Whether those said to fail do and those said not to do not, and whether each figure is nearest to its namesake.

    The printed exponent of He's is the input's length, which is not known; the others are held against it.
    """
    names, grown = ("failure_modes.length_factor", "failure_modes.truncated_normal_variance"), exponents()
    wrong = [init for init in (*KEEPS, *FAILS) if (grown[init] == 0) is not (init in KEEPS)]
    start = float(printed.args[FIGURE.index("He")])
    points, others = [], []
    for label, named, read in zip(FIGURE, NAMED, printed.args, strict=True):
        off = {init: abs(start + exponent - float(read)) for init, exponent in grown.items()}
        nearest = min(off, key=lambda init: (off[init], init != named))
        points.append(Point(f"log10 of '{label}'", f"{float(read):g}", f"{start + grown[named]:.2f} ({named})"))
        if nearest != named:
            points.append(Point(f"log10 of '{label}'", f"{float(read):g}", f"{start + grown[nearest]:.2f} ({nearest})"))
            others.append((label, named, nearest))
    kept = f"{', '.join(KEEPS)} keep E M and {', '.join(FAILS)} do not, exactly"
    explained = "; ".join(f"'{label}' is explained by {nearest}, not by {named}" for label, named, nearest in others)
    return Decision(
        not wrong and not others,
        kept if not wrong else f"{', '.join(wrong)} do not do what is said of them",
        names,
        counterexample=", ".join(wrong) or ", ".join(f"the figure '{label}'" for label, _, _ in others),
        right="" if wrong else f"{explained}; the other figures by what they name",
        points=tuple(points),
        evidence=(_cut_factor(),),
    )


def _cut_factor() -> str:
    """What a cut at two standard deviations that is not corrected costs in the figure's network."""
    kept = Fraction(value("failure_modes.truncated_normal_variance", 17, cut=2))
    return f"a cut at two standard deviations costs a factor {text(kept)} a layer, 10^{LAYERS * math.log10(kept):.2f} in all"
