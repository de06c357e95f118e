"""Experiments at initialisation: real networks, sampled beside the theorems for tables, figures and claims.

shattering      typical datapoints (2^-L) and width to infinity, against He networks with two inputs
linear_regime   f(s) = s, against tanh networks
coins           masks as fair coins, against the backward walk of rectifier networks: here nothing is lost
normalized      batch normalisation as a division by the expected deviation, against residual networks that have it
layer_variances linear networks, which are the linear regime
walks           log-norms of gradients layer by layer, in single networks
lengths         lengths of activations layer by layer, under popular initialisations and patterns of widths
skips           gradients of two inputs in residual networks, without and with batch normalisation
scalar_inputs   slopes of networks of one real input along a line, and noise
coactivation    rectifiers that are active for both of two inputs, layer by layer

Estimates with their standard errors are for reading; a verdict is one of ``numerics.evidence``, with both error rates,
and the false-alarm rate of all verdicts together is ``RUN_ALPHA``. What was measured is kept: ``numerics.evidence.kept``.
"""
