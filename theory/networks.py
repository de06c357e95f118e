"""The dense network of Glorot and Bengio (2010): its equations, what is assumed of it, and small exact witnesses.

    s^i = z^i W^i (biases start at 0),   z^{i+1} = f(s^i),   W^i is n_i by n_{i+1},   i = 0..d
    dC/ds^i_k = f'(s^i_k) sum_m W^{i+1}_{k,m} dC/ds^{i+1}_m      (proved as variance.backpropagation)

The witnesses are linear networks of widths 1 to 3 with two-valued weights of a different size in every layer; exact
enumeration of all outcomes confirms each assumption in them.
"""

from __future__ import annotations

from itertools import product

import sympy as sp

from theory.probability.expectation import E, Var
from theory.probability.models import Enumeration
from theory.probability.setting import Assumption, Definition, Family, Instance, Setting
from theory.symbols import d, g, i, j, k, l, m, n, q, v

z, s, W, delta, gradient = (sp.IndexedBase(name) for name in ("z", "s", "W", "delta", "w"))
f, df = sp.Function("f"), sp.Function("f'")
_x = sp.Symbol("x")


# --- assumptions, with their exact tests ---------------------------------------------------------------------------


def _weights(model: Enumeration) -> list[sp.Indexed]:
    n_, last = model.instance.arrays[n], model.instance.values[d]
    return [
        W[layer, row + 1, column + 1]
        for layer in range(last + 1)
        for row, column in product(range(n_(layer)), range(n_(layer + 1)))
    ]


def _inputs(model: Enumeration) -> list[sp.Indexed]:
    return [z[0, unit + 1] for unit in range(model.instance.arrays[n](0))]


def _outputs(model: Enumeration) -> list[sp.Indexed]:
    last = model.instance.values[d]
    return [delta[last, unit + 1] for unit in range(model.instance.arrays[n](last + 1))]


def _uncorrelated(model: Enumeration, left: list[sp.Indexed], right: list[sp.Indexed]) -> bool:
    """Exact independence of pairs, through the first two powers: enough for laws of at most three values."""
    evaluate = model.evaluate
    return all(
        evaluate(E(a**p * b**o)) == evaluate(E(a**p)) * evaluate(E(b**o))
        for a, b in product(left, right)
        if a != b
        for p, o in product((1, 2), repeat=2)
    )


def _mean_is_zero(model: Enumeration, atoms: list[sp.Indexed]) -> bool:
    return all(model.evaluate(E(atom)) == 0 for atom in atoms)


def _one_variance(model: Enumeration, atoms: list[sp.Indexed]) -> bool:
    return len({model.evaluate(Var(atom)) for atom in atoms}) <= 1


def _equal_in_layers(model: Enumeration) -> bool:
    layers = {atom.indices[0] for atom in _weights(model)}
    return all(_one_variance(model, [w for w in _weights(model) if w.indices[0] == layer]) for layer in layers)


INDEPENDENT_WEIGHTS = Assumption(
    "independent weights",
    "the weights are independent of each other and of the input",
    lambda model: _uncorrelated(model, _weights(model), _weights(model) + _inputs(model)),
)
ZERO_MEAN_WEIGHTS = Assumption(
    "zero-mean weights", "every weight has mean 0", lambda model: _mean_is_zero(model, _weights(model))
)
IDENTICAL_WEIGHTS = Assumption("identical weights", "the weights of one layer have one law", _equal_in_layers)
GAUSSIAN_WEIGHTS = Assumption("Gaussian weights", "the weights are normal", None)
CENTERED_INPUT = Assumption(
    "centred input",
    "the input features have mean 0 and one variance",
    lambda model: _mean_is_zero(model, _inputs(model)) and _one_variance(model, _inputs(model)),
)
CENTERED_GRADIENT = Assumption(
    "independent output gradient",
    "dC/ds^d has mean 0 and one variance, independent of the weights and of the input",
    lambda model: (
        _mean_is_zero(model, _outputs(model))
        and _one_variance(model, _outputs(model))
        and _uncorrelated(model, _outputs(model), _weights(model) + _inputs(model))
    ),
)
LINEAR_REGIME = Assumption(
    "linear regime",
    "f(s) = s and f'(s) = 1 at every pre-activation that occurs",
    lambda model: all(
        model.evaluate(E((z[1, unit + 1] - s[0, unit + 1]) ** 2)) == 0 for unit in range(model.instance.arrays[n](1))
    ),
)


# --- equations -----------------------------------------------------------------------------------------------------

activation = Definition("the activation, z = f(s)", z[i + 1, k], f(s[i, k]), (i, k))
pre_activation = Definition("the pre-activation, s = zW", s[i, k], sp.Sum(z[i, l] * W[i, l, k], (l, 1, n[i])), (i, k))
backpropagation = Definition(
    "the gradient, by the chain rule",
    delta[i, k],
    df(s[i, k]) * sp.Sum(W[i + 1, k, m] * delta[i + 1, m], (m, 1, n[i + 2])),
    (i, k),
    sp.Lt(i, d),
)
weight_gradient = Definition(
    "the weight gradient, by the chain rule", gradient[i, l, k], z[i, l] * delta[i, k], (i, l, k)
)
linear = Definition("linear regime, f(s) = s", f(_x), _x, (_x,), assumption=LINEAR_REGIME)
unit_slope = Definition("linear regime, f'(s) = 1", df(_x), sp.S.One, (_x,), assumption=LINEAR_REGIME)

_whole_past, _whole_future = -sp.oo, sp.oo

weights = Family(
    W,
    span=lambda layer, row, column: (layer, layer),
    independent=INDEPENDENT_WEIGHTS,
    independent_entries=INDEPENDENT_WEIGHTS,
    mean_zero=ZERO_MEAN_WEIGHTS,
    gaussian=GAUSSIAN_WEIGHTS,
    identical=IDENTICAL_WEIGHTS,
    second=lambda layer, row, column: v[layer],
    law_of=lambda layer, row, column: (layer,),
)
activations = Family(
    z,
    span=lambda layer, unit: (_whole_past, layer - 1),
    independent=INDEPENDENT_WEIGHTS,
    mean_zero=CENTERED_INPUT,
    identical=CENTERED_INPUT,
    second=lambda layer, unit: q[layer],
    law_of=lambda layer, unit: (layer,),
)
gradients = Family(
    delta,
    span=lambda layer, unit: (layer + 1, _whole_future),
    independent=(CENTERED_GRADIENT, LINEAR_REGIME),  # in general f'(s) ties the gradient to the past
    mean_zero=CENTERED_GRADIENT,
    identical=CENTERED_GRADIENT,
    second=lambda layer, unit: g[layer],
    law_of=lambda layer, unit: (layer,),
)
_weight_gradients = Family(gradient, span=lambda layer, row, column: (_whole_past, _whole_future))
_sums = Family(s, span=lambda layer, unit: (_whole_past, layer), independent=INDEPENDENT_WEIGHTS)


def _witness(widths: tuple[int, ...], layer: int, unit: int, weights: tuple[int, ...] = (2, 3, 4)) -> Instance:
    """A network whose weights of layer i are +-weights[i]."""
    return Instance(
        {d: len(widths) - 2, i: layer, k: unit, l: 1},
        {n: widths.__getitem__},
        {
            W: lambda layer, row, column: ((weights[layer], 1), (-weights[layer], 1)),
            z: lambda layer, unit: ((3, 1), (-3, 1)),
            delta: lambda layer, unit: ((1, 1), (-1, 1)),
        },
    )


dense = Setting(
    "dense network",
    (weights, activations, gradients, _weight_gradients, _sums),
    (activation, pre_activation, backpropagation, weight_gradient, linear, unit_slope),
    {
        v: lambda layer: Var(W[layer, l, k]),
        q: lambda layer: Var(z[layer, k]),
        g: lambda layer: Var(delta[layer, k]),
    },
    (
        _witness((2, 2, 1), 0, 1),
        _witness((3, 1, 2), 0, 1),
        _witness((1, 2, 2, 1), 1, 1),
        _witness((1, 1, 2, 1), 0, 1),
        _witness((1, 1, 1), 0, 1, weights=(1, 1)),  # here both variances are kept
    ),
)


# --- one layer as a function, for the chain rule -------------------------------------------------------------------

t, w, G = (sp.IndexedBase(name) for name in ("t", "W", "G"))  # next pre-activations, weights, dC/dt
y = sp.IndexedBase("s")  # the pre-activations of one layer, which here are the free variables
width, next_width = sp.symbols("n n'", integer=True, positive=True)

next_pre_activation = Definition(
    "the next pre-activation, t = f(s)W", t[m], sp.Sum(f(y[l]) * w[l, m], (l, 1, width)), (m,)
)

layer_map = Setting(
    "one layer as a function",
    definitions=(
        next_pre_activation,
        Definition("a cubic activation", f(_x), _x**3 + 2 * _x**2, (_x,)),
        Definition("its derivative", df(_x), 3 * _x**2 + 4 * _x, (_x,)),
    ),
    instances=tuple(
        Instance({width: rows, next_width: columns, k: unit, j: columns})
        for rows, columns, unit in ((1, 2, 1), (2, 1, 2), (3, 2, 2))
    ),
)
