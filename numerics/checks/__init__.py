"""Sampled checks: every theorem that says something of a random network is held against random networks.

verify(["random_walk.relu_gain"])        the checks of a theorem, each with both error rates
verify()                                 all checks
unsampled()                              the theorems without one, and why
"""

from numerics.checks.check import Check, Claim
from numerics.checks.run import Result, checks, run, unsampled, verify

__all__ = ["Check", "Claim", "Result", "checks", "run", "unsampled", "verify"]
