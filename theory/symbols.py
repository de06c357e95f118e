"""One notation for all papers.

Layers are counted from the input: z^0 = x is the input, s^i the pre-activations of layer i, z^{i+1} = f(s^i) its
activations, W^i its weights (n_i by n_{i+1}, row vectors), delta^i = dC/ds^i the back-propagated gradient.
"""

from __future__ import annotations

import sympy as sp

i = sp.Symbol("i", integer=True, nonnegative=True)  # layer
d = sp.Symbol("d", integer=True, nonnegative=True)  # last layer of weights
k, l, m, j = sp.symbols("k l m j", integer=True, positive=True)  # units
r = sp.Symbol("r", integer=True)  # running layer of a product
e = sp.Symbol("e", integer=True, nonnegative=True)  # so many layers later

n = sp.IndexedBase("n", integer=True, positive=True)  # widths n[0], n[1], ...
v = sp.IndexedBase("v", positive=True)  # v[i] = Var W^i, one weight of layer i
q = sp.IndexedBase("q", positive=True)  # q[i] = Var z^i, one activation
g = sp.IndexedBase("g", positive=True)  # g[i] = Var dC/ds^i, one entry of the gradient
u = sp.IndexedBase("u", nonnegative=True)  # u[i] = Var b^i, one bias of layer i

n_in, n_out = sp.symbols("n_in n_out", integer=True, positive=True)  # widths below and above one layer
scale = sp.Symbol("scale", nonnegative=True)  # weights of variance 2 scale/fan_in
kurtosis, bias_kurtosis = sp.symbols("kappa kappa_b", positive=True)  # E w^4/(E w^2)^2 of weights, of biases
bias_variance = sp.Symbol("b2", nonnegative=True)
length, fourth_power = sp.symbols("M S4", nonnegative=True)  # |h|^2/n_in and |h|_4^4/n_in^2 of one layer
x = sp.Symbol("x", real=True)
s = sp.Symbol("s", positive=True)  # the variable of a Laplace transform
N = sp.Symbol("N", integer=True, positive=True)  # width of a square layer
D = sp.Symbol("D", integer=True, positive=True)  # depth of a random walk
a = sp.Symbol("a", real=True, nonnegative=True)  # slope of a leaky rectifier
L = sp.Symbol("L", integer=True, positive=True)  # depth of a network whose gradients are compared
rho = sp.Symbol("rho", real=True)  # correlation of two inputs
