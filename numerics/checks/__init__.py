"""Sampled checks: every theorem that says something of a random network is held against random networks.

verify(["random_walk.relu_gain"])        the checks of a theorem, each with both error rates
verify()                                 all checks
unsampled()                              the theorems without one, and why
"""

from numerics.checks.check import Check, Claim
from numerics.checks.run import DETECT, Result, checks, judged, unsampled, verify

__all__ = ["DETECT", "Check", "Claim", "Result", "checks", "judged", "unsampled", "verify"]
