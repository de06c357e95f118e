"""Random networks as frozen descriptions: what is drawn, said once, for every sampler.

A ``Network`` is its ``Inputs`` and a chain of layers; ``Weights`` is the law of a weight matrix. ``dense``,
``residual``, ``highway`` and ``looks_linear`` build the networks of the papers. Nothing here draws a number.
"""

from numerics.ensembles.families import dense, highway, looks_linear, residual
from numerics.ensembles.inputs import Inputs
from numerics.ensembles.layers import ACTIVATIONS, Activation, Affine, BatchNorm, Convolution, Gates, Layer, Residual
from numerics.ensembles.network import Network
from numerics.ensembles.weights import LAWS, Weights

__all__ = [
    "ACTIVATIONS",
    "LAWS",
    "Activation",
    "Affine",
    "BatchNorm",
    "Convolution",
    "Gates",
    "Inputs",
    "Layer",
    "Network",
    "Residual",
    "Weights",
    "dense",
    "highway",
    "looks_linear",
    "residual",
]
