"""Initialisations under which gradients do not shatter: mirrored concatenated rectifiers and orthogonal convolutions.

A concatenated rectifier hands on both parts of its input, (max(x, 0), max(-x, 0)).  Behind it a mirrored block (W, -W) gives

    W max(x, 0) - W max(-x, 0) = W x,

so a network of such layers is linear at initialisation: its gradient is the same at all inputs.  With orthogonal W every layer
keeps the norm of every vector, so all singular values of the network's Jacobian are 1.  The same holds for a convolution whose
kernel is 0 but for an orthonormal matrix at its centre: the padding is never met, and each position is multiplied by that matrix.
Reference: balduzzi2017, section 4.  Assumptions: orthonormal rows and columns where an isometry is claimed; stride 1, and a
padding that keeps the number of positions.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from theory.probability.setting import Assumption, Definition, Family, Instance, Setting
from theory.proof.library import theorem
from theory.proof.nodes import PairSum
from theory.proof.rules import Context, Rule, RuleDoesNotApply, by_theorem, definition, rewrite
from theory.proof.theorem import Chain, Proof
from theory.symbols import N, k, l

W, x, y, z = (sp.IndexedBase(name, real=True) for name in ("W", "x", "y", "z"))
