"""What an activation is: expressions between kinks, and a bound on the slope.

An `Activation` is data; derivatives are taken from it, never typed.  Definitions and constants are those of
torch.nn.functional; gelu is the exact x Phi(x), not its tanh approximation; crelu is (relu(x), relu(-x)).
Reference: shang2016 (crelu); klambauer2017 (selu).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from theory.symbols import a, x

Piece = tuple[tuple[sp.Expr, sp.Expr], sp.Expr]  # ((lower end, upper end), expression in x)
Component = tuple[Piece, ...]


@dataclass(frozen=True)
class Activation:
    """A continuous function of the real line, smooth between its kinks, with one value or several.

    components: for each value its pieces from left to right; together they cover the line.
    lipschitz: a number L with |f'| <= L off the kinks (Euclidean norm over the components), so that
        |f(x)| <= |f(0)| + L |x|; it may contain the slope `a` >= 0.
    standard_slope: the usual value of the slope `a` where the pieces contain it, else None.
    """

    name: str
    components: tuple[Component, ...]
    lipschitz: sp.Expr
    standard_slope: sp.Rational | None = None

    @cached_property
    def derivative(self) -> tuple[Component, ...]:
        """The derivative of every piece, in the shape of `components`; it is undefined at the kinks."""
        return tuple(tuple((ends, sp.diff(piece, x)) for ends, piece in component) for component in self.components)


def _smooth(name: str, function: sp.Expr, lipschitz: sp.Expr | int) -> Activation:
    return Activation(name, ((((-sp.oo, sp.oo), function),),), sp.S(lipschitz))


def _kinked(
    name: str, left: sp.Expr, right: sp.Expr, lipschitz: sp.Expr | int, slope: sp.Rational | None = None
) -> Activation:
    """One function left of 0 and another right of it."""
    return Activation(name, (_at_zero(left, right),), sp.S(lipschitz), slope)


def _at_zero(left: sp.Expr, right: sp.Expr) -> Component:
    return (((-sp.oo, sp.S.Zero), sp.S(left)), ((sp.S.Zero, sp.oo), sp.S(right)))


_hardtanh = (
    ((-sp.oo, sp.S.NegativeOne), sp.S.NegativeOne),
    ((sp.S.NegativeOne, sp.S.One), x),
    ((sp.S.One, sp.oo), sp.S.One),
)
SELU_ALPHA = sp.Rational("1.6732632423543772848170429916717")
SELU_SCALE = sp.Rational("1.0507009873554804934193349852946")

ACTIVATIONS: dict[str, Activation] = {
    f.name: f
    for f in (
        _smooth("linear", x, 1),
        _kinked("relu", 0, x, 1),
        # max(1, a) <= 1 + a
        _kinked("leaky_relu", a * x, x, 1 + a, sp.Rational(1, 100)),
        _kinked("prelu", a * x, x, 1 + a, sp.Rational(1, 4)),
        _kinked("abs", -x, x, 1),
        # f' = 1/cosh^2 <= 1
        _smooth("tanh", sp.tanh(x), 1),
        # f' = 1/(4 cosh^2(x/2)) <= 1/4
        _smooth("sigmoid", 1 / (1 + sp.exp(-x)), sp.Rational(1, 4)),
        # f' = 1/(1 + |x|)^2 <= 1
        _kinked("softsign", x / (1 - x), x / (1 + x), 1),
        # f' <= 2/sqrt(pi) <= 8/7, because pi >= 49/16
        _smooth("erf", sp.erf(x), sp.Rational(8, 7)),
        # f' = Phi + x phi, 0 <= Phi <= 1 and |x| phi(x) <= phi(1) <= 1/4
        _smooth("gelu", x * (1 + sp.erf(x / sp.sqrt(2))) / 2, sp.Rational(5, 4)),
        # f' = sigma + x/(4 cosh^2(x/2)), 0 <= sigma <= 1 and |x|/(4 cosh^2(x/2)) <= |x|/(4 + x^2) <= 1/4
        _smooth("silu", x / (1 + sp.exp(-x)), sp.Rational(5, 4)),
        # f' = e^x <= 1 on the left
        _kinked("elu", sp.exp(x) - 1, x, 1),
        # f' = scale alpha e^x <= scale alpha on the left, and scale alpha > scale
        _kinked("selu", SELU_SCALE * SELU_ALPHA * (sp.exp(x) - 1), SELU_SCALE * x, SELU_SCALE * SELU_ALPHA),
        # f' = sigma <= 1
        _smooth("softplus", sp.log(1 + sp.exp(x)), 1),
        # f' = tanh(p) + x sigma/cosh^2(p) with p = softplus(x) >= max(x, 0) and 0 <= tanh(p) <= 1; the
        # second term's size is at most x/(1 + x^2) <= 1/2 for x > 0, and at most |x| e^x <= 1/2 for x < 0
        _smooth("mish", x * sp.tanh(sp.log(1 + sp.exp(x))), sp.Rational(3, 2)),
        Activation("hardtanh", (_hardtanh,), sp.S.One),
        # one of the two slopes is 0, the other 1 or -1
        Activation("crelu", (_at_zero(0, x), _at_zero(-x, 0)), sp.S.One),
    )
}
