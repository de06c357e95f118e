"""The activations are PyTorch's, continuous, and no steeper than they say."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
import sympy as sp
import torch
from flint import acb, arb, fmpq
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from theory.activations import ACTIVATIONS, SELU_ALPHA, SELU_SCALE, Activation, Component
from theory.proof.balls import ball, enclose_within
from theory.symbols import a, x

F = torch.nn.functional
SLOPED = {
    "leaky_relu": F.leaky_relu,
    "prelu": lambda t, slope: F.prelu(t, torch.tensor([slope], dtype=torch.float64)),
}
PLAIN = {
    "linear": torch.clone,
    "abs": torch.abs,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "erf": torch.erf,
    "crelu": lambda t: torch.cat((F.relu(t), F.relu(-t))),
    "relu": F.relu,
    "softsign": F.softsign,
    "gelu": F.gelu,
    "silu": F.silu,
    "elu": F.elu,
    "selu": F.selu,
    "softplus": F.softplus,
    "mish": F.mish,
    "hardtanh": F.hardtanh,
}
BITS = 120

every_activation = pytest.mark.parametrize("f", ACTIVATIONS.values(), ids=ACTIVATIONS)
# softplus in torch is the identity beyond 20; within, its graph is the function's
points = st.floats(-20, 20, allow_subnormal=False)
slopes = st.floats(0, 4, allow_subnormal=False)


def piece_at(component: Component, point: Fraction) -> sp.Expr:
    """The expression that holds at a point off the kinks."""
    return next(piece for (low, high), piece in component if low < sp.Rational(point) < high)


def kinks(f: Activation) -> set[sp.Expr]:
    return {low for component in f.components for (low, _), _ in component[1:]}


def tolerance(point: float) -> float:
    """At most 16 operations, each within 4 units of 2^-52 of intermediates no larger than 4 (1 + |x|)."""
    return 16 * 4 * 4 * (1 + abs(point)) * 2.0**-52


@every_activation
def test_pieces_cover_the_line_and_join_continuously(f: Activation) -> None:
    for component in f.components:
        assert (component[0][0][0], component[-1][0][1]) == (-sp.oo, sp.oo)
        for ((_, end), left), ((start, _), right) in itertools.pairwise(component):
            assert end == start
            assert left.subs(x, end) == right.subs(x, start)


@every_activation
def test_a_slope_is_declared_exactly_where_one_occurs(f: Activation) -> None:
    occurs = any(piece.has(a) for component in f.components for _, piece in component)
    assert occurs == (f.standard_slope is not None)


@every_activation
@settings(max_examples=40, deadline=None)
@given(point=points, slope=slopes)
def test_values_and_derivatives_are_torchs(f: Activation, point: float, slope: float) -> None:
    assume(sp.Rational(point) not in kinks(f))
    t = torch.tensor([point], dtype=torch.float64, requires_grad=True)
    values = SLOPED[f.name](t, slope) if f.name in SLOPED else PLAIN[f.name](t)
    env = {x: Fraction(point), a: Fraction(slope)}
    for value, component, derivative in zip(values, f.components, f.derivative, strict=True):
        (autograd,) = torch.autograd.grad(value, t, retain_graph=True)
        for computed, pieces in ((value.detach(), component), (autograd, derivative)):
            exact = enclose_within(piece_at(pieces, Fraction(point)), env, 20)
            assert abs(float(computed) - float(exact)) <= tolerance(point)


def test_selus_constants_are_torchs_to_the_last_bit() -> None:
    right, left = F.selu(torch.tensor([1.0, -1000.0], dtype=torch.float64)).tolist()
    assert right == float(SELU_SCALE)
    assert abs(left + float(SELU_SCALE * SELU_ALPHA)) <= 3 * 2.0**-52  # three roundings of numbers below 2


@every_activation
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(left=points, right=points, slope=slopes)
def test_difference_quotients_are_slopes_in_between(
    f: Activation, left: float, right: float, slope: float
) -> None:
    low, high = sorted((left, right))
    assume(high - low > 1e-3 and not any(low <= kink <= high for kink in kinks(f)))
    between = acb(arb(low).union(arb(high)))
    for component, derivative in zip(f.components, f.derivative, strict=True):
        piece = piece_at(component, Fraction(low))
        rise = [ball(piece, {x: Fraction(end), a: Fraction(slope)}, BITS) for end in (low, high)]
        slopes_between = ball(piece_at(derivative, Fraction(low)), {x: between, a: Fraction(slope)}, BITS)
        quotient = (rise[1] - rise[0]) / (arb(high) - arb(low))
        assert not slopes_between.is_finite() or slopes_between.overlaps(quotient)


def never_steeper(f: Activation, centre: Fraction, radius: Fraction, slope: Fraction) -> bool:
    """Whether no slope on the interval is certainly above the bound."""
    around = acb(arb(fmpq(centre.numerator, centre.denominator), float(radius)))
    total = arb(0)
    for derivative in f.derivative:
        total += ball(piece_at(derivative, centre), {x: around, a: slope}, BITS) ** 2
    return not total > ball(f.lipschitz, {a: slope}, BITS) ** 2


@every_activation
def test_no_slope_on_a_fine_grid_exceeds_the_bound(f: Activation) -> None:
    grid = [Fraction(2 * step + 1, 32) for step in range(-160, 160)]  # odd multiples of 1/32: off the kinks
    assert all(never_steeper(f, centre, Fraction(0), Fraction(3, 10)) for centre in grid)


@every_activation
@settings(max_examples=40, deadline=None)
@given(centre=st.fractions(-30, 30), radius=st.fractions(0, Fraction(1, 100)), slope=st.fractions(0, 4))
def test_no_slope_on_an_interval_exceeds_the_bound(
    f: Activation, centre: Fraction, radius: Fraction, slope: Fraction
) -> None:
    assume(not any(abs(centre - Fraction(int(kink))) <= radius for kink in kinks(f)))
    assert never_steeper(f, centre, radius, slope)
