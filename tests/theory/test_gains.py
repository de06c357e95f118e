"""The gains stand for every activation, agree with torch's own functions, and no mutation of them is believed."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
import torch
import torch.nn.functional as functional
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.activations import ACTIVATIONS
from theory.gains import CLOSED, TORCH, backward, forward, second_moment
from theory.jacobian import jacobian_factor
from theory.proof.balls import ball, enclose, enclose_within
from theory.proof.domains import OutOfDomain
from theory.proof.judges import Verdict
from theory.proof.nodes import DominatedIntegral
from theory.proof.theorem import Theorem
from theory.symbols import a

every_activation = pytest.mark.parametrize("name", ACTIVATIONS)
BY_TORCH = {
    "linear": lambda t: t,
    "relu": functional.relu,
    "leaky_relu": functional.leaky_relu,
    "prelu": lambda t: functional.prelu(t, torch.tensor(0.25, dtype=torch.float64)),
    "abs": torch.abs,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softsign": functional.softsign,
    "erf": torch.erf,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "elu": functional.elu,
    "selu": functional.selu,
    "softplus": functional.softplus,
    "mish": functional.mish,
    "hardtanh": functional.hardtanh,
    "crelu": lambda t: torch.stack([functional.relu(t), functional.relu(-t)]),
}


def value_of(theorem: Theorem, name: str, digits: int = 20, **slope: Fraction) -> arb:
    chosen, values = theorem.bind({"activation": name, **slope})
    return enclose(theorem.value(*chosen), theorem.environment(values), digits)


@every_activation
@pytest.mark.parametrize("theorem", [forward, backward], ids=lambda theorem: theorem.name)
def test_every_step_is_proved(theorem: Theorem, name: str) -> None:
    assert {judgement.verdict for judgement in theorem.derivation(name).judgements} == {Verdict.PROVED}


@every_activation
def test_the_forward_gain_is_that_of_torchs_own_activation(name: str) -> None:
    step = 2.0**-8  # the kinks at -1, 0 and 1 are nodes
    nodes = np.arange(-12, 12 + step, step)  # beyond +-12 the density is below 1e-31
    values = BY_TORCH[name](torch.tensor(nodes)).reshape(-1, nodes.size).numpy()
    mean = float(np.sum((values**2).sum(0) * np.exp(-(nodes**2) / 2)) * step / math.sqrt(2 * math.pi))
    # The trapezoidal rule errs by at most step^2/8 times the integral of |g''|, g = f^2 phi; that integral is at most
    # 12 for f^2 <= 1.2 (1 + x^2) with slopes of at most 1.8, so by at most 2.3e-5 of a mean of at least 0.17.
    assert abs(float(value_of(forward, name)) ** -2 - mean) < step**2 / 8 * 12


@every_activation
def test_thirty_digits_agree_with_the_definition(name: str) -> None:
    slope = ACTIVATIONS[name].standard_slope
    env = {} if slope is None else {a: slope}
    definition = enclose_within(1 / sp.sqrt(second_moment(ACTIVATIONS[name])), env, 30)
    value = value_of(forward, name, 30)
    assert value.rel_accuracy_bits() >= 99  # 30 digits
    assert value.overlaps(definition)


@every_activation
def test_the_backward_gain_is_the_jacobian_factor_at_variance_one(name: str) -> None:
    chosen, values = jacobian_factor.bind({"activation": name, "preactivation_variance": 1})
    factor = enclose(jacobian_factor.value(*chosen), jacobian_factor.environment(values), 20)
    assert (value_of(backward, name) ** -2).overlaps(factor)


@given(slope=st.fractions(0, 4))
@settings(max_examples=10, deadline=None)
def test_a_slope_gives_the_root_of_two_over_one_plus_its_square(slope: Fraction) -> None:
    known = ball(sp.sqrt(2 / (1 + sp.Rational(slope) ** 2)), {}, 100)
    for theorem in (forward, backward):
        for name in ("leaky_relu", "prelu"):
            assert value_of(theorem, name, slope=slope).overlaps(known)


@pytest.mark.parametrize("name", ["linear", "relu", "leaky_relu", "prelu", "abs", "crelu"])
def test_homogeneous_activations_have_one_gain(name: str) -> None:
    assert value_of(forward, name).overlaps(value_of(backward, name))


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if ACTIVATIONS[name].lipschitz == 1])
def test_slopes_of_at_most_one_need_gradients_no_smaller(name: str) -> None:
    assert not value_of(backward, name) < 1


def test_selu_keeps_its_mean_square_to_the_digits_of_its_constants() -> None:
    assert abs(value_of(forward, "selu", 40) - 1) < arb(10) ** -30


@pytest.mark.parametrize("name", TORCH)
def test_the_figures_kept_of_torch_are_what_it_says(name: str) -> None:
    slope = ACTIVATIONS[name].standard_slope
    says = torch.nn.init.calculate_gain(name, None if slope is None else float(slope))
    assert float(sp.S(TORCH[name]).subs(a, slope or 0)) == pytest.approx(says, rel=4 * 2.0**-53)  # two roundings each


@pytest.mark.parametrize("theorem", [forward, backward], ids=lambda theorem: theorem.name)
@pytest.mark.parametrize("name", ["tanh", "selu", "sigmoid"])
def test_torchs_gain_for_a_curved_activation_is_neither_of_the_two(name: str, theorem: Theorem) -> None:
    assert not value_of(theorem, name).overlaps(ball(TORCH[name], {}, 100))


@every_activation
@settings(max_examples=3, deadline=None)
@given(factor=st.fractions(Fraction(1, 9), 9).filter(lambda factor: factor != 1))
def test_a_mutated_gain_is_refused(name: str, factor: Fraction) -> None:
    for step in forward.derivation(name).steps:
        assert not replace(step, right=sp.Rational(factor) * step.right).stands()
    wrong = replace(
        backward.derivation(name).steps[-1], right=sp.Rational(factor) * backward.derivation(name).steps[-1].right
    )
    assert not wrong.stands()


@pytest.mark.parametrize("name", CLOSED)
def test_a_closed_form_for_another_activation_is_refuted(name: str) -> None:
    step = forward.derivation(name).steps[0]
    other = next(value for value in CLOSED.values() if sp.simplify(value - CLOSED[name]) != 0)
    assert replace(step, right=other).judge().verdict is Verdict.REFUTED


@every_activation
@settings(max_examples=20, deadline=None)
@given(slope=st.fractions(0, 4), spot=st.fractions(-40, 40))
def test_majorants_lie_above_their_integrands(name: str, slope: Fraction, spot: Fraction) -> None:
    lines = {side for step in forward.derivation(name).steps for side in (step.left, step.right)}
    env = {a: slope, sp.Symbol("t", positive=True): Fraction(1, 2)}
    for integral in {part for line in lines for part in line.atoms(DominatedIntegral)}:
        if not (integral.lower < sp.Rational(spot)) or not (sp.Rational(spot) < integral.upper):
            continue
        here = {**env, integral.variable: spot}
        majorant = integral.scale * sp.exp(-integral.rate * sp.Abs(integral.variable))
        assert not abs(ball(integral.body, here, 200)) > ball(majorant, here, 200)


@pytest.mark.parametrize("theorem", [forward, backward], ids=lambda theorem: theorem.name)
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"activation": "swish"}, "activation must be one of linear"),
        ({"activation": "relu", "slope": Fraction(1, 4)}, "only leaky_relu and prelu have a slope"),
        ({"activation": "prelu", "slope": -1}, "slope must be a number >= 0"),
        ({}, "activation is missing"),
    ],
)
def test_values_outside_the_domains_are_refused(theorem: Theorem, arguments: dict[str, object], named: str) -> None:
    with pytest.raises(OutOfDomain, match=named):
        theorem.bind(arguments)
