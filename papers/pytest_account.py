"""The error budget of a test session: no sampled verdict without a share, no share without evidence.

*The promise.* If every theorem, sampler and test is right, then the chance that any sampled check of the session fails is
at most its total (``initium_alpha``). The session collects N declared checks; each has the share total/N of that chance,
whether its tests run in one process or in many. By the union bound it does not matter how the checks depend on each other.

*Two ways to fail.* A check of a claim fails if it refutes what is true: its share is the check's alpha. A check of
power holds a claim made wrong on purpose, and fails if it does not refute it: its share is the check's beta.

*Hypothesis.* A share is divided by ``max_examples`` plus the number of explicit examples; every example that reaches a
verdict is counted, whatever phase it comes from (replayed, generated, aimed at a target; rejected later or not), and a
test that passes after more of them than that fails for it. Which example comes next may depend on the verdicts so far:
with a drawn seed its networks do not, so its chance of a false alarm is still the one it was given, and the examples'
chances add up to at most the share. Shrinking and replaying begin once an example has failed; that is the one event whose
chance is bounded, so what follows it is free.

Assumption: streams of different seeds are independent. Tests that draw the same stream twice only overestimate.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numerics.evidence import Evidence

MILDEST_FIRST = ("", "caught", "agree", "undecided", "missed", "refuted")  # an examples' worst verdict is the check's
ROUNDED = 1 + 2**-51  # n parts of a share: a quotient each, 2^-53, and their exact sum, rounded once


class Undeclared(Exception):
    """A sampled test that does not keep to what it declared."""


@dataclass
class Share:
    """One declared check of a test: its worst ``verdict``, what it drew, the relative error it would have found."""

    verdict: str = ""
    networks: int = 0
    detects: float | None = None


class Shares:
    """The shares of one test: ``declared`` of them, each failing with chance ``rate`` at most."""

    def __init__(self, declared: int, rate: float) -> None:
        self.declared, self.rate = declared, rate
        self.taken: list[Share] = []
        self.allowed = 1  # examples that may reach a verdict; a test without Hypothesis is one example
        self.examples = 0
        self._next = 0

    def begin(self, allowed: int) -> None:
        """An example begins, of at most ``allowed``: it meets the test's checks from the first one on."""
        self.allowed, self._next = allowed, 0

    def take(self) -> tuple[Share, float]:
        """The next check of this example, and the chance with which it may fail; raises Undeclared after the last."""
        if self._next == self.declared:
            raise Undeclared(
                f"the test has taken the {self.declared} share(s) of the error budget that it declared; declare all its "
                f"checks, as in @pytest.mark.sampled(checks={self.declared + 1})."
            )
        if self._next == len(self.taken):
            self.taken.append(Share())
        self.examples += self._next == 0
        self._next += 1
        return self.taken[self._next - 1], self.rate / self.allowed

    def close(self, passed: bool) -> str:
        """Fill in the verdicts that the test reached itself; why it fails although it ``passed``, or nothing."""
        for share in self.taken:
            share.verdict = share.verdict or ("agree" if passed else "undecided")
        if len(self.taken) < self.declared:
            return f"declared {self.declared} sampled check(s), but recorded evidence for {len(self.taken)}"
        if not all(share.networks for share in self.taken):
            return "drew no network"
        if self.examples > self.allowed:
            return (
                f"reached verdicts in {self.examples} examples, but its error rate was divided over {self.allowed}; reject "
                "examples before they are sampled"
            )
        failed = [share.verdict for share in self.taken if share.verdict not in ("agree", "caught")]
        return f"went on after a check was {failed[0]}" if failed else ""


class Sampled:
    """What the fixture ``sampled`` hands to a test: every verdict goes through here, at the rate that is left for it."""

    def __init__(self) -> None:
        self.shares: Shares | None = None  # of the test that runs now, if it is marked

    def agrees(self, check: Callable[[float], Evidence | Sequence[Evidence]], *, detects: float | None = None) -> Any:
        """Run ``check(alpha)`` at the alpha of this check, assert that what it found agrees, and return it.

        ``check`` returns one evidence, or several whose alphas add up to at most ``alpha``. ``detects``: the relative
        error it is sure to find, but for its beta; for the account. Raises AssertionError for a verdict other than
        "agrees"; Undeclared without a share, or if the check was judged at a larger alpha.
        """
        __tracebackhide__ = True
        return self._decide(check, "alpha", {"agrees": "agree", "refuted": "refuted"}, detects)

    def refutes(self, check: Callable[[float], Evidence | Sequence[Evidence]]) -> Any:
        """Run ``check(beta)`` on a claim that is wrong by what it detects, and assert that it is refuted; as ``agrees``."""
        __tracebackhide__ = True
        return self._decide(check, "beta", {"refuted": "caught", "agrees": "missed"}, None)

    def alpha(self, networks: int) -> float:
        """The chance with which a right program may fail the test's own next assertion, on ``networks`` draws."""
        share, rate = self._take()
        share.networks += networks
        return rate

    def _take(self) -> tuple[Share, float]:
        __tracebackhide__ = True
        if self.shares is None:
            raise Undeclared(
                "only the body of a test marked @pytest.mark.sampled has a share of the error budget; mark this test."
            )
        return self.shares.take()

    def _decide(
        self,
        check: Callable[[float], Evidence | Sequence[Evidence]],
        rate: str,
        words: dict[str, str],
        detects: float | None,
    ) -> Any:
        __tracebackhide__ = True
        share, allowed = self._take()
        found = check(allowed)
        evidence = list(found) if isinstance(found, Sequence) else [found]
        used = math.fsum(getattr(one, rate) for one in evidence)
        if used > allowed * ROUNDED:
            raise Undeclared(
                f"judged at {rate} = {used:.3g}, but the share is {allowed:.3g}; judge at the rate handed over."
            )
        share.networks += sum(one.networks for one in evidence)
        share.detects = max(filter(None, (share.detects, detects)), default=None)
        verdicts = [share.verdict, *(words.get(one.verdict, "undecided") for one in evidence)]
        share.verdict = max(verdicts, key=MILDEST_FIRST.index)
        wanted = next(iter(words))
        for one in evidence:
            if one.verdict != wanted:
                raise AssertionError(f"the verdict is {one.verdict}, where {wanted} was expected: {one}")
        return found


@dataclass(frozen=True)
class Account:
    """What the tests of a session took: ``taken`` has the test's id with each of its shares; of ``declared`` in all."""

    total: float
    declared: int
    taken: tuple[tuple[str, Share], ...]

    @classmethod
    def read(cls, total: float, records: Iterable[tuple[str, dict[str, Any]]]) -> Account:
        """The account of the tests' records (``record``), each with its id; the processes must agree on N."""
        pairs = list(records)
        declared = min((record["of"] for _, record in pairs), default=0)
        return cls(
            total, declared, tuple((name, Share(*share)) for name, record in pairs for share in record["shares"])
        )

    @property
    def spent(self) -> float:
        """The union bound on the chance of any false alarm among the checks that ran."""
        return self.total * len(self.taken) / self.declared

    @property
    def kept(self) -> bool:
        """Whether no more than the total was spent, in whole shares and so without rounding."""
        return len(self.taken) <= self.declared

    def __str__(self) -> str:
        shares = [share for _, share in self.taken]
        counts = {word: sum(share.verdict == word for share in shares) for word in MILDEST_FIRST}
        power = f"; {counts['caught']} wrong claims caught, {counts['missed']} missed"
        found = [(share.detects, name) for name, share in self.taken if share.detects is not None]
        worst, missing = max(found, default=None), self.declared - len(shares)
        return "".join(
            (
                f"{len(shares)} sampled checks: ",
                ", ".join(f"{counts[word]} {word}" for word in ("agree", "refuted", "undecided")),
                power if counts["caught"] or counts["missed"] else "",
                f"; {sum(share.networks for share in shares):,} networks",
                f"; alpha spent {self.spent:.2g} of {self.total:.2g}",
                f", MORE THAN ALLOWED: only {self.declared} checks were declared" if not self.kept else "",
                f"; {missing} declared without evidence" if missing > 0 else "",
                f"; worst detectable relative error {100 * worst[0]:.2g} % ({worst[1]})" if worst else "",
            )
        )


def record(shares: Shares, declared: int) -> dict[str, Any]:
    """What travels with a test's report, in plain numbers: N, and the shares that the test took."""
    return {"of": declared, "shares": [(s.verdict, int(s.networks), s.detects) for s in shares.taken]}
