"""What decides the claims about rectifier networks as they are: decay of gradients, co-activation, parameter counts.

Reference: balduzzi2017.
"""

from __future__ import annotations

import sympy as sp

from numerics.evaluate import value
from papers.claims.claim import Point
from papers.claims.properties import Decision, smallest_failing
from theory.proof.library import find
from theory.proof.notation import unicode
from theory.symbols import L, rho


def decays(printed: sp.Basic) -> Decision:
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


def climbs(printed: sp.Basic) -> Decision:
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


def parameters(printed: sp.Basic) -> Decision:
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
