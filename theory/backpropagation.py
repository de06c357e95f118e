"""The chain rule of a dense layer: equations 2 and 3 of Glorot and Bengio (2010), derived.

    t_m = sum_l f(s_l) W_{l,m}      implies      dt_m/ds_k = f'(s_k) W_{k,m},   dt_m/dW_{k,j} = f(s_k) [m = j]

With G_m = dC/dt_m, summing over the units of the next layer gives the back-propagated and the weight gradient.  The
instance judge differentiates a cubic network exactly at widths 1 to 3.
"""

from __future__ import annotations

import sympy as sp

from theory.networks import G, df, f, layer_map, next_pre_activation, next_width, t, w, width, y
from theory.probability.integrals import differentiate, select_term
from theory.proof.library import theorem
from theory.proof.rules import definition
from theory.proof.theorem import Chain, Proof
from theory.symbols import j, k, l, m


@theorem("variance.backpropagation", source="glorot2010, eq. 2", setting=layer_map)
def backpropagated_gradient(p: Proof) -> Chain:
    """The gradient at a pre-activation: f'(s_k) times the gradients above, weighted by row k of W."""
    inner = sp.Sum(f(y[l]) * w[l, m], (l, 1, width))
    slopes = sp.Sum(df(y[l]) * sp.KroneckerDelta(k, l) * w[l, m], (l, 1, width))

    def over_units(slope: sp.Expr) -> sp.Sum:
        return sp.Sum(G[m] * slope, (m, 1, next_width))

    return p.calc(
        over_units(sp.Derivative(t[m], y[k])),
        *("=", over_units(sp.Derivative(inner, y[k])), definition(next_pre_activation)),
        *("=", over_units(slopes), differentiate({f: df})),
        *("=", df(y[k]) * sp.Sum(w[k, m] * G[m], (m, 1, next_width)), select_term),
    )


@theorem("variance.weight_derivative", source="glorot2010, eq. 3", setting=layer_map)
def weight_derivative(p: Proof) -> Chain:
    """The gradient at a weight: the activation below times the gradient above."""
    inner = sp.Sum(f(y[l]) * w[l, m], (l, 1, width))
    selected = sp.Sum(f(y[l]) * sp.KroneckerDelta(k, l) * sp.KroneckerDelta(j, m), (l, 1, width))

    def over_units(slope: sp.Expr) -> sp.Sum:
        return sp.Sum(G[m] * slope, (m, 1, next_width))

    return p.calc(
        over_units(sp.Derivative(t[m], w[k, j])),
        *("=", over_units(sp.Derivative(inner, w[k, j])), definition(next_pre_activation)),
        *("=", over_units(selected), differentiate({f: df})),
        *("=", f(y[k]) * G[j], select_term),
    )
