"""Verdicts with two error rates: what a check would refute wrongly, and what it would surely find, said before it draws.

plan                 a mean, from a derived bound on the variance, also under heavy tails
plan_bounded         a mean of a bounded statistic: nothing has to be derived
plan_law             a law, against its exact distribution function
plan_same_law        the laws of two samplers; plan_same_mean, their means
plan_independence    the factors of a product over layers

judge(plan, blocks) draws and gives the Evidence; summarise, merge and conclude are its parts.
"""

from numerics.evidence.budget import BUDGET, RUN_ALPHA, ErrorBudget
from numerics.evidence.independence import IndependencePlan, plan_independence
from numerics.evidence.law import LawPlan, plan_law
from numerics.evidence.mean import MeanPlan, influence, plan, plan_bounded, relative
from numerics.evidence.two_sample import SameLawPlan, differences, paired, plan_same_law, plan_same_mean
from numerics.evidence.verdict import Evidence, Plan, Sums, Verdict, conclude, judge, merge, summarise

__all__ = [
    "BUDGET", "RUN_ALPHA", "ErrorBudget", "Evidence", "IndependencePlan", "LawPlan", "MeanPlan", "Plan", "SameLawPlan",
    "Sums", "Verdict", "conclude", "differences", "influence", "judge", "merge", "paired", "plan", "plan_bounded",
    "plan_independence", "plan_law", "plan_same_law", "plan_same_mean", "relative", "summarise",
]  # fmt: skip
