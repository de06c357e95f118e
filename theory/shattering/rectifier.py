"""A wide rectifier network at He's initialisation: how the correlations of two inputs and of their gradients go with depth.

As the width grows the pre-activations of two inputs become jointly normal, with the correlation rho_i that the activations
below have, and the gradients get the law they would have if the weights on the way back were fresh.  So, layer by layer,

    rho_{i+1} = rho_i + (sqrt(1 - rho_i^2) - rho_i arccos(rho_i))/pi,      rho_0 = rho, that of the inputs,
    gradient correlation over L layers = prod_{i=0}^{L-1} 2 P(both active in layer i + 1)
                                       = prod_{i=0}^{L-1} (1 - arccos(rho_i)/pi).

The factor of layer i is the slope of the map at rho_i, so the gradient correlation is the derivative of rho_L by rho.
Correlation of activations means E h h'/sqrt(E h^2 E h'^2), without subtracting means: it is what the next layer sees.
Reference: cho2009 (the map), lee2018 (normal pre-activations), yang2019 (gradient independence), balduzzi2017.
Assumptions: width to infinity layer by layer, no biases, Gaussian weights of variance 2/fan-in; no typical datapoints.
"""

from __future__ import annotations

import sympy as sp

from theory.probability.expectation import E
from theory.proof.library import theorem
from theory.proof.nodes import Iterate, acospi
from theory.proof.rules import Context, Rule, RuleDoesNotApply, by_theorem, cite
from theory.proof.theorem import Chain, Proof
from theory.shattering.architectures import DEPTH, as_feedforward, feedforward
from theory.shattering.coactivation import CORRELATION, PASSED_ON, coactivation, relu_step
from theory.shattering.layers import HYPOTHESES, C, V, b, covariance_path, e, p_, variance_path
from theory.symbols import L, N, d, i, k, r, rho

correlations = sp.IndexedBase("rho", real=True)  # rho[i], the correlation of the activations of layer i
g = sp.IndexedBase("g")  # g[c, k], entry k of the gradient at input c, L layers above it
gradients = sp.Limit(E(g[1, k] * g[2, k]) / E(g[1, k] ** 2), N, sp.oo)
x, c = sp.symbols("x c", real=True)  # the correlation and the product of slopes on the way

_map = PASSED_ON.subs(rho, x)


def orbit(count: sp.Expr) -> Iterate:
    """The correlation after a number of layers."""
    return Iterate((x,), (_map,), (rho,), count)


GRADIENT = Iterate((c, x), (c * (1 - acospi(x)), _map), (sp.S.One, rho), L)
_here = {rho: correlations[i]}


@theorem("shattering.relu_layer", source="cho2009; lee2018")
def relu_layer(p: Proof) -> Chain:
    """One layer of a wide rectifier network maps the correlation of two inputs' activations by the arc-cosine kernel."""
    both = relu_step.derivation().statement.left.subs(_here)
    normal = cite("jointly normal pre-activations as the width grows", "lee2018", correlations[i + 1], both)
    return p.calc(correlations[i + 1], "=", both, normal, "=", PASSED_ON.subs(_here), by_theorem(relu_step, at=_here))


def _iterated(line: sp.Basic, context: Context) -> sp.Basic:
    """rho_{i+1} = f(rho_i) for all i, from rho_0 = rho: rho_L is f applied L times."""
    statement = relu_layer.derivation().statement
    if statement.left != correlations[i + 1] or statement.right.xreplace({correlations[i]: x}) != _map:
        raise RuleDoesNotApply(f"{relu_layer.name} is no recursion of the orbit's map")
    return line.replace(
        lambda part: isinstance(part, sp.Indexed) and part.base == correlations, lambda part: orbit(part.indices[0])
    )


by_iteration = Rule("induction over the layers from rho_0 = rho", _iterated, uses=(relu_layer.name,), appeal=True)


def _one_more(line: sp.Basic, context: Context) -> sp.Basic:
    return _map.subs(x, orbit(line.count - 1))


@theorem("shattering.relu_correlation", source="cho2009; lee2018", parameters=(DEPTH, CORRELATION))
def relu_correlation(p: Proof) -> Chain:
    """The correlation of two inputs' activations after L layers of a rectifier network, width to infinity."""
    p.calc(orbit(L + 1), "=", _map.subs(x, orbit(L)), Rule("one application more", _one_more))
    return p.calc(correlations[L], "=", orbit(L), by_iteration)


def _along_the_orbit(line: sp.Basic, context: Context) -> sp.Basic:
    """A product of a function of the orbit over its first L points, carried along while iterating."""
    index, first, last = line.limits[0]
    factor = line.function.xreplace({orbit(index): x})
    if (first, last) != (0, L - 1) or factor.has(Iterate, index):
        raise RuleDoesNotApply(f"{line} is no product along the orbit")
    return Iterate((c, x), (c * factor, _map), (sp.S.One, rho), L)


along_the_orbit = Rule("the product carried along", _along_the_orbit)


# Near rho = 1 floating point loses the angle in arccos(rho), but not in w = (1 - rho)/2 = sin(angle/2)^2.
_w = sp.Symbol("w", nonnegative=True)
_by_half_angles = {
    acospi(1 - 2 * _w): 4 * sp.atan(sp.sqrt(_w) / (1 + sp.sqrt(1 - _w))) / sp.pi,
    sp.sqrt(1 - (1 - 2 * _w) ** 2): 2 * sp.sqrt(_w) * sp.sqrt(1 - _w),
}


def _half_angles(line: sp.Basic) -> Iterate:
    """The iteration of (c, x) as one of (c, w), x = 1 - 2w."""
    if line.variables != (c, x):
        raise RuleDoesNotApply(f"{line} does not step {c} and {x}")
    product, correlation = (body.subs(x, 1 - 2 * _w).xreplace(_by_half_angles) for body in line.bodies)
    gap = sp.collect(sp.expand((1 - correlation) / 2), 1 / sp.pi)  # pi is rounded once for both terms, which cancel
    return Iterate((c, _w), (product, gap), (line.starts[0], (1 - line.starts[1]) / 2), line.count)


STABLE_GRADIENT = _half_angles(GRADIENT)
in_half_angles = Rule("in w = (1 - x)/2, by half angles", lambda line, context: _half_angles(line))


@theorem(
    "shattering.relu_gradient_correlation",
    source="cho2009; yang2019; balduzzi2017",
    setting=feedforward,
    parameters=(DEPTH, CORRELATION),
)
def relu_gradient_correlation(p: Proof) -> Chain:
    """The correlation of two inputs' gradients over L layers of a rectifier network, width to infinity."""
    p.assume(*HYPOTHESES)
    fresh = cite("gradient independence as the width grows", "yang2019", gradients, C[0] / V[0])
    path = {i: sp.S.Zero, d: L}
    covariance = sp.Product(e[r] ** 2 + 2 * p_[r] * b[r] ** 2, (r, 0, L - 1))
    variance = sp.Product(e[r] ** 2 + b[r] ** 2, (r, 0, L - 1))
    at = {rho: correlations[r]}
    both = coactivation.derivation().statement.left.subs(at)
    normal = cite("jointly normal pre-activations as the width grows", "lee2018", p_[r], both)
    p.evaluate_by(p.calc(GRADIENT, "=", STABLE_GRADIENT, in_half_angles))
    shares = sp.Product(1 - acospi(correlations[r]), (r, 0, L - 1))
    return p.calc(
        gradients,
        *("=", C[0] / V[0], fresh),
        *("=", covariance / variance, by_theorem(covariance_path, at=path) & by_theorem(variance_path, at=path)),
        *("=", sp.Product(2 * p_[r], (r, 0, L - 1)), as_feedforward),
        *("=", sp.Product(2 * both, (r, 0, L - 1)), normal),
        *("=", shares, by_theorem(coactivation, at=at)),
        *("=", sp.Product(1 - acospi(orbit(r)), (r, 0, L - 1)), by_iteration),
        *("=", GRADIENT, along_the_orbit),
    )
