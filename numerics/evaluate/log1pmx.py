"""log(1 + x) - x in float64, to a few units in the last place for every x > -1.

With q = x/(2 + x), log(1 + x) = 2 atanh q and 2q - x = -xq, so log(1 + x) - x = 2(atanh q - q) - xq, where
the first term is less than 0.16 of the second on -1/2 <= x <= 1 (there |q| <= 1/3): nothing cancels.
Outside, log1p(x) - x loses at most a factor |log1p(x)/(log1p(x) - x)| < 3.6.  Stated bound: `ULPS` units in
the last place.
"""

from __future__ import annotations

from typing import Any

ULPS = 8  # 3.6 * (1 for log1p) + 1 outside; inside, ten roundings, most of them of the smaller term
TERMS = 16  # the next term is below (1/3)**33/35 = 5e-18 of the larger term
COEFFICIENTS = tuple(1 / (2 * k + 1) for k in range(TERMS, 0, -1))


def log1pmx(x: Any, xp: Any) -> Any:
    """log(1 + x) - x for real arrays x > -1 of the array module `xp` (NumPy or torch)."""
    central = (x >= -0.5) & (x <= 1)
    if central.all():
        return _series(x)
    inner = _series(xp.where(central, x, 0 * x))
    return xp.where(central, inner, xp.log1p(x) - x)


def _series(x: Any) -> Any:
    q = x / (2 + x)
    square = q * q
    total = COEFFICIENTS[0] * square
    for coefficient in COEFFICIENTS[1:]:
        total += coefficient
        total *= square
    return 2 * q * total - x * q
