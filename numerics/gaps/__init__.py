"""What the papers' idealisations cost: real networks, sampled beside each idealised theorem.

shattering      typical datapoints (2^-L) and width to infinity, against He networks with two inputs
linear_regime   f(s) = s, against tanh networks
coins           masks as fair coins, against the backward walk of rectifier networks: here nothing is lost
normalized      batch normalisation as a division by the expected deviation, against residual networks that have it

Estimates with their standard errors are for reading; a verdict is one of ``numerics.evidence``, with both error rates,
and the false-alarm rate of all verdicts together is ``RUN_ALPHA``. Nothing is drawn twice in a process.
"""

from numerics.gaps import coins, linear_regime, normalized, shattering

__all__ = ["coins", "linear_regime", "normalized", "shattering"]
