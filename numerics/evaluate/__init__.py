"""A theorem as a function: vectorised for NumPy and torch, to any number of digits, or as an enclosure.

function("random_walk.relu_gain")(N=[10, 100, 1000])        an array of float64
value("random_walk.relu_gain", 50, N=100)                   fifty digits, correctly rounded
enclosure("random_walk.relu_gain", 50, N=100)               midpoint and radius, proved
"""

from numerics.evaluate.decimals import MANY_TERMS, Enclosure, enclosure, value
from numerics.evaluate.functions import function
from numerics.evaluate.quadrature import NotComputed

__all__ = ["MANY_TERMS", "Enclosure", "NotComputed", "enclosure", "function", "value"]
