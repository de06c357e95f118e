"""pytest as proof checker and as bookkeeper of sampled tests.

*Proofs.* `pytest theory/` collects every step of every theorem as an item.

A file is collected if a line of it starts with the `theorem` decorator and it lies in a package or was named
on the command line; test modules are left to pytest.  Items are called `theorem.name::step (reason)`.
Nothing else of Initium is imported until such a file is found.

*Samples.* A test marked `@pytest.mark.sampled` has a share of the session's error budget (`papers.pytest_account`), the
ini option `initium_alpha`, and takes it through the fixture `sampled`. The summary prints the account.

*Hypothesis.* The profiles `initium` (the same examples in every run) and `initium-explore` can be loaded with
`--hypothesis-profile`, or in a conftest after `register_profiles()`.
"""

from __future__ import annotations

import functools
import re
import sys
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from papers.pytest_account import Account, Sampled, Shares, record

if TYPE_CHECKING:
    from theory.proof.theorem import Judgement, Step, Theorem

# under these names verdicts travel with their report, also between xdist's workers
PROPERTY = "initium"
SAMPLES = "initium samples"
SAMPLED = pytest.StashKey[Sampled]()
DECLARED = pytest.StashKey[int]()  # N, the sampled checks of the session
RAN = pytest.StashKey[bool]()
WORDS = ("proved", "enclosed", "cited", "assumed")
DECORATED = re.compile(rb"^\s*@(\w+\.)*theorem\(", re.MULTILINE)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> TheoremFile | None:
    """A collector for a file that defines theorems."""
    if file_path.suffix != ".py" or any(fnmatch(file_path.name, p) for p in parent.config.getini("python_files")):
        return None
    named = parent.session.isinitpath(file_path)
    if not (named or (file_path.parent / "__init__.py").is_file()) or not DECORATED.search(file_path.read_bytes()):
        return None
    return TheoremFile.from_parent(parent, path=file_path)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The error budget of a session."""
    parser.addini(
        "initium_alpha", "chance that any sampled check of the session fails on a right program", default="1e-6"
    )


@pytest.hookimpl(tryfirst=True)  # before Hypothesis loads the profile that its option names
def pytest_configure(config: pytest.Config) -> None:
    """The marker, the account, and the profiles where Hypothesis is in use."""
    config.addinivalue_line("markers", "sampled(checks=1): a test with that many shares of the session's error budget")
    config.stash[SAMPLED] = Sampled()
    _total(config)
    if "hypothesis" in sys.modules or str(config.getoption("hypothesis_profile", "")).startswith("initium"):
        register_profiles()


def register_profiles() -> None:
    """Make Hypothesis' profiles ``initium`` and ``initium-explore`` known; neither is loaded."""
    from hypothesis import HealthCheck, settings

    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]  # exact arithmetic is slow, and speed is not under test
    common = settings(settings.get_profile("default"), deadline=None, suppress_health_check=quiet)
    settings.register_profile("initium", common, max_examples=40, derandomize=True)
    settings.register_profile("initium-explore", common, max_examples=200, derandomize=False)


@pytest.fixture(scope="session")  # Hypothesis refuses fixtures of a test, which it would share between examples
def sampled(pytestconfig: pytest.Config) -> Sampled:
    """Sampled verdicts at the error rate that is left for them; for tests marked ``sampled``."""
    return pytestconfig.stash[SAMPLED]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Count the declared checks; xdist's workers all collect the same tests, or xdist refuses to run."""
    session.config.stash[DECLARED] = sum(_declared(item) for item in session.items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Open a marked test's shares, and close them: a test without evidence fails."""
    if item.get_closest_marker("sampled") is None:
        return (yield)
    if not _declared(item):
        pytest.fail("the marker is written sampled or sampled(checks=N), N a positive integer", pytrace=False)
    if item.stash.get(RAN, False):
        pytest.fail("a sampled test must not be repeated until it passes", pytrace=False)
    config, declared = item.config, item.config.stash[DECLARED]
    item.stash[RAN] = True
    shares = config.stash[SAMPLED].shares = Shares(_declared(item), _total(config) / declared)
    passed, complaint = False, ""
    try:
        with _examples_announced(item, shares):
            result = yield
        passed = True
    finally:
        config.stash[SAMPLED].shares = None
        complaint = shares.close(passed)
        item.user_properties.append((SAMPLES, record(shares, declared)))
        if not passed:
            alone = f"-o initium_alpha={shares.rate * shares.declared!r}"
            item.add_report_section("call", "initium", f"run alone with the error rates of this session: {alone}")
    if complaint:
        pytest.fail(f"the sampled test {complaint}", pytrace=False)
    return result


@contextmanager
def _examples_announced(item: pytest.Item, shares: Shares) -> Iterator[None]:
    """Let Hypothesis' examples tell the shares when they begin, and of how many they are one at most."""
    handle = getattr(getattr(item, "obj", None), "hypothesis", None)
    if handle is None:
        yield
        return
    test, explicit = handle.inner_test, len(getattr(item.obj, "hypothesis_explicit_examples", ()))  # type: ignore[attr-defined]

    @functools.wraps(test)
    def example(*arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        from hypothesis import settings

        shares.begin(settings().max_examples + explicit)  # inside a test, what is not given is the test's own
        return test(*arguments, **named)

    handle.inner_test = example
    try:
        yield
    finally:
        handle.inner_test = test


def _declared(item: pytest.Item) -> int:
    """The shares that a test's marker asks for; 0 without a marker, and where it is not understood."""
    marker = item.get_closest_marker("sampled")
    if marker is None or marker.args or set(marker.kwargs) - {"checks"}:
        return 0
    checks = marker.kwargs.get("checks", 1)
    return checks if type(checks) is int and checks > 0 else 0


def _total(config: pytest.Config) -> float:
    """The error budget of the session."""
    written = str(config.getini("initium_alpha"))
    try:
        total = float(written)
    except ValueError:
        total = 0.0
    if not 0 < total < 1:
        raise pytest.UsageError(f"initium_alpha is an error rate strictly between 0 and 1, not {written!r}.")
    return total


def _reported(terminalreporter: Any, name: str) -> list[tuple[str, Any]]:
    """What the tests that ran have written under a name, each with the test's id."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    called = [report for report in reports if getattr(report, "when", None) == "call"]
    return [(report.nodeid, value) for report in called for key, value in report.user_properties if key == name]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A session that spent more than its error budget has failed, say because each of several machines ran all tests."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal and not Account.read(_total(session.config), _reported(terminal, SAMPLES)).kept:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """One line: how many steps, by verdict; and one: the account of the sampled checks."""
    verdicts = Counter(verdict for _, verdict in _reported(terminalreporter, PROPERTY))
    if verdicts:
        counts = [f"{verdicts.pop(word, 0)} {word}" for word in WORDS]
        failing = [f"{count} {word}" for word, count in sorted(verdicts.items())]
        total = sum(int(count.split()[0]) for count in counts + failing)
        terminalreporter.write_line(f"initium: {total} steps: {', '.join(counts + failing)}")
    records = _reported(terminalreporter, SAMPLES)
    if records:
        terminalreporter.write_line(f"initium: {Account.read(_total(config), records)}")


class TheoremFile(pytest.File):
    """A Python file that registers theorems."""

    def collect(self) -> Iterator[TheoremItems]:
        """Its theorems, in the order of their definition."""
        module = pytest.Module.from_parent(self.parent, path=self.path).obj  # imported as pytest imports tests
        from theory.proof.library import registered

        for theorem in registered():
            if theorem.builder.__module__ == module.__name__:
                yield TheoremItems.from_parent(self, name=theorem.name, theorem=theorem)


class TheoremItems(pytest.Collector):
    """A theorem; its steps are the items."""

    def __init__(self, *, theorem: Theorem, **options: Any) -> None:
        super().__init__(**options)
        self.theorem = theorem

    def collect(self) -> Iterator[pytest.Item]:
        """One item a step; a proof that cannot be built, or has no steps, is one failing item."""
        try:
            steps = [step for derivation in self.theorem.derivations() for step in derivation.steps]
        except Exception as problem:  # a builder is the author's code: whatever it raises is the outcome
            yield Broken.from_parent(self, name="build", problem=problem)
            return
        for step in steps:
            words = " ".join(step.rule.name.replace("::", ":").split())
            yield StepItem.from_parent(self, name=f"{step.name} ({words})", step=step)


class DoesNotHold(Exception):
    """A step that was judged and does not stand."""

    def __init__(self, judgement: Judgement) -> None:
        super().__init__(judgement.verdict)
        self.judgement = judgement


class _Item(pytest.Item):
    def reportinfo(self) -> tuple[Path, int, str]:
        """The theorem's place in its file."""
        assert isinstance(self.parent, TheoremItems)
        line = getattr(self.parent.theorem.builder, "__code__", None)
        return self.path, line.co_firstlineno - 1 if line else 0, f"{self.parent.name}, {self.name}"


class StepItem(_Item):
    """One step of a proof."""

    def __init__(self, *, step: Step, **options: Any) -> None:
        super().__init__(**options)
        self.step = step

    def runtest(self) -> None:
        """Judge the step; the theorems it appeals to must stand as well."""
        from theory.proof.cache import verdict_of
        from theory.proof.library import find
        from theory.proof.theorem import DoesNotStand

        judgement = self.step.judge()
        self.user_properties.append((PROPERTY, str(judgement.verdict)))
        if not judgement.verdict.stands:
            raise DoesNotHold(judgement)
        for name in self.step.rule.uses:
            if not verdict_of(find(name)).stands:
                raise DoesNotStand(f"the step appeals to {name}, which does not stand")

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """The two sides, and what each judge said."""
        if not isinstance(excinfo.value, DoesNotHold):
            return super().repr_failure(excinfo, style)
        from papers.checking import in_words

        return in_words(excinfo.value.judgement)


class Broken(_Item):
    """A theorem whose proof cannot be built."""

    def __init__(self, *, problem: Exception, **options: Any) -> None:
        super().__init__(**options)
        self.problem = problem

    def runtest(self) -> None:
        """Fail as the builder did."""
        raise self.problem
