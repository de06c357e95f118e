"""Theorems and their proofs.

A proof is a calculation: a chain of lines, each linked to the one before by a relation and a reason.  Running a theorem's
builder records the steps and nothing more; `Theorem.verdict` has them judged.  Nothing else makes a theorem stand:
`Theorem.value` hands out the right-hand side only after every step has passed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any, Literal, get_args

import sympy as sp

from theory.probability.setting import Assumption, Setting
from theory.proof import cache
from theory.proof.domains import Domain, Names, OutOfDomain, checked
from theory.proof.judges import Finding, Verdict, judge_algebra, judge_enclosure, judge_instances, verdict_of
from theory.proof.rules import Context, Rule
from theory.proof.shown import Line, Page, Shown

Relation = Literal["=", "<=", "<=>", "~"]


class DoesNotStand(ValueError):
    """A theorem was used although its proof does not stand."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a theorem: its name, the symbol (or array) it sets, and its domain.

    A parameter over `Names` sets no symbol: the proof is written once for each name.  `default`: the value when it is
    not given, or a function of the values before it (None: the parameter does not apply); without one it must be given.
    """

    name: str
    domain: Domain
    symbol: sp.Basic | None = None
    default: Any = None


@dataclass(frozen=True)
class Step:
    """One line of a proof: left `relation` right, because of `rule`."""

    name: str
    left: sp.Basic
    relation: Relation
    right: sp.Basic
    rule: Rule
    setting: Setting
    assumed: frozenset[Assumption]
    domains: Mapping[sp.Basic, Domain]
    where: tuple[sp.Basic, ...] = ()
    points: tuple[Mapping[sp.Basic, Any], ...] = ()
    arrays: Mapping[sp.IndexedBase, Callable[..., Any]] = field(default_factory=dict)

    def free_symbols(self) -> set[sp.Basic]:
        """The symbols a point of the domain must give."""
        free = self.left.free_symbols | self.right.free_symbols
        arrays = self.left.atoms(sp.IndexedBase) | self.right.atoms(sp.IndexedBase)
        return free - {array.label for array in arrays} - self.left.atoms(sp.Indexed) - self.right.atoms(sp.Indexed)

    def judge(self) -> Judgement:
        """Every judge that can speak on the step."""
        context = Context(self.setting, self.assumed)
        findings = (judge_algebra(self, context), judge_instances(self, context), judge_enclosure(self, context))
        return Judgement(self, findings, verdict_of(self, findings), frozenset(context.used))

    def stands(self) -> bool:
        """Whether the step passes; the judges are asked only until one of them sinks it."""
        context = Context(self.setting, self.assumed)
        findings = []
        for judge in (judge_algebra, judge_instances, judge_enclosure):
            findings.append(judge(self, context))
            if findings[-1].answer == "fails":
                return False
        return verdict_of(self, findings).stands


@dataclass(frozen=True)
class Judgement:
    """A step's findings, its verdict, and the assumptions its rule used."""

    step: Step
    findings: tuple[Finding, ...]
    verdict: Verdict
    used: frozenset[Assumption]


@dataclass(frozen=True)
class Chain(Shown):
    """The steps of one calculation; it proves first `relation` last."""

    steps: tuple[Step, ...]

    left = property(lambda self: self.steps[0].left)
    right = property(lambda self: self.steps[-1].right)

    def __add__(self, following: Chain) -> Chain:
        """Two chains that share a line, as one."""
        if self.right != following.left:
            raise ValueError(f"a chain that ends in {self.right} does not continue with {following.left}")
        return Chain(self.steps + following.steps)

    @property
    def relation(self) -> Relation:
        """The weakest relation on the way."""
        order: tuple[Relation, ...] = get_args(Relation)
        return max((step.relation for step in self.steps), key=order.index)

    def _page(self) -> Page:
        return Page("", (Line(self.left, self.relation, self.right),))


class Proof:
    """The blackboard a theorem's builder writes on: it records assumptions and chains."""

    def __init__(self, theorem: str, parameters: Sequence[Parameter], setting: Setting, label: str = "") -> None:
        self.theorem, self.setting, self.label = theorem, setting, label
        self.domains: dict[sp.Basic, Domain] = {p.symbol: p.domain for p in parameters if p.symbol is not None}
        self.assumed: frozenset[Assumption] = frozenset()
        self.arrays: dict[sp.IndexedBase, Callable[..., Any]] = {}
        self.steps: list[Step] = []
        self.stable: sp.Basic | None = None
        self.rigorous: sp.Basic | None = None

    def assume(self, *assumptions: Assumption) -> None:
        """Make hypotheses available to the rules; those that no rule uses are reported."""
        self.assumed |= frozenset(assumptions)

    def let(self, symbol: sp.Basic, domain: Domain) -> None:
        """The domain of a symbol that is not a parameter, for the enclosure judge."""
        self.domains[symbol] = domain

    def array(self, base: sp.IndexedBase, entry: Callable[..., Any]) -> None:
        """The exact entries of an array of constants, for the enclosure judge."""
        self.arrays[base] = entry

    def calc(
        self,
        first: Any,
        *lines: Any,
        where: Sequence[sp.Basic] = (),
        points: Sequence[Mapping[sp.Basic, Any]] = (),
    ) -> Chain:
        """A chain: first, then triples (relation, line, rule).  Conditions and extra points serve the enclosure judge."""
        if not lines or len(lines) % 3:
            raise TypeError(f"{self.theorem}: a calculation is a line followed by triples (relation, line, rule)")
        chain, left = [], sp.S(first)
        for relation, right, rule in zip(lines[::3], lines[1::3], lines[2::3], strict=True):
            name = f"{self.label}{len(self.steps) + 1}"
            common = (self.assumed, dict(self.domains), tuple(where), tuple(points), dict(self.arrays))
            step = Step(name, left, relation, sp.S(right), rule, self.setting, *common)
            self.steps.append(step)
            chain.append(step)
            left = sp.S(right)
        return Chain(tuple(chain))

    def evaluate_by(self, chain: Chain) -> None:
        """A chain from a line of the statement to an equal form that floating point evaluates stably."""
        self.stable = chain.right

    def enclose_by(self, chain: Chain) -> None:
        """A chain from a line of the statement to an equal form for balls, for where the plain one has long sums."""
        self.rigorous = chain.right


@dataclass(frozen=True)
class Derivation(Shown):
    """What a builder wrote for one choice of names: the statement, all steps, the form to evaluate."""

    statement: Chain
    steps: tuple[Step, ...]
    assumed: frozenset[Assumption]
    stable: sp.Basic
    rigorous: sp.Basic

    @cached_property
    def judgements(self) -> tuple[Judgement, ...]:
        """Every step judged, once."""
        return tuple(step.judge() for step in self.steps)

    @property
    def judged(self) -> bool:
        """Whether the judges have been asked."""
        return "judgements" in vars(self)

    def _page(self) -> Page:
        from theory.proof import render

        verdicts = {judgement.step.name: str(judgement.verdict) for judgement in self.judgements} if self.judged else {}
        return Page("", (render.statement(self), render.proof(self, verdicts, unfolded=True)))


Builder = Callable[..., Chain]


@dataclass(frozen=True, eq=False)
class Theorem(Shown):
    """A named statement with its proof.  Made by the `theorem` decorator; `verdict` says whether it stands."""

    name: str
    builder: Builder
    parameters: tuple[Parameter, ...]
    source: str
    setting: Setting
    constraint: Callable[[Mapping[str, Any]], str | None]
    implied: Mapping[sp.Basic, Callable[[Mapping[str, Any]], Any]]
    _derivations: dict[tuple[str, ...], Derivation] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """The first sentence of the builder's docstring."""
        return (self.builder.__doc__ or "").strip().partition("\n")[0]

    @property
    def choices(self) -> tuple[Parameter, ...]:
        """The parameters over names, each choice of which has its own proof."""
        return tuple(p for p in self.parameters if isinstance(p.domain, Names))

    def derivation(self, *chosen: str) -> Derivation:
        """The proof for one choice of names, built on first use."""
        if chosen not in self._derivations:
            label = f"{','.join(chosen)}:" if chosen else ""
            proof = Proof(self.name, self.parameters, self.setting, label)
            statement = self.builder(proof, *chosen)
            if not statement.steps or not set(map(id, statement.steps)) <= set(map(id, proof.steps)):
                raise DoesNotStand(f"{self.name}: the builder must return a chain that it wrote with calc")
            plain = statement.right
            stable = plain if proof.stable is None else proof.stable
            rigorous = plain if proof.rigorous is None else proof.rigorous
            record = (tuple(proof.steps), proof.assumed)
            derivation = Derivation(statement, *record, stable, rigorous)
            self._derivations[chosen] = derivation
        return self._derivations[chosen]

    def derivations(self) -> tuple[Derivation, ...]:
        """The proofs for all choices of names."""
        choices = [p.domain.names for p in self.choices if isinstance(p.domain, Names)]
        return tuple(self.derivation(*chosen) for chosen in product(*choices))

    @property
    def verdict(self) -> Verdict:
        """The weakest link of the proof and of everything it uses; judged once for each state of the sources."""
        return cache.verdict_of(self)

    def _page(self) -> Page:
        """What is known of it; the judges are not asked, since that may take long."""
        from theory.proof import render

        judged = all(derivation.judged for derivation in self.derivations())
        return render.as_page(self, cache.record_of(self) if judged else cache.known(self))

    def bind(self, arguments: Mapping[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
        """The choice of names and the exact values of all parameters, or OutOfDomain / TypeError in one sentence."""
        names = [p.name for p in self.parameters]
        for extra in arguments:
            if extra not in names:
                allowed = ", ".join(names) if names else "none"
                raise OutOfDomain(f"{self.name}: there is no parameter {extra}; its parameters are: {allowed}")
        values: dict[str, Any] = {}
        for p in self.parameters:
            if p.name not in arguments and p.default is None:
                raise OutOfDomain(f"{self.name}: the parameter {p.name} is missing; give {p.domain.describe()}")
            default = p.default(values) if callable(p.default) else p.default
            if p.name in arguments or default is not None:
                values[p.name] = checked(self.name, p.name, p.domain, arguments.get(p.name, default))
        complaint = self.constraint(values)
        if complaint:
            raise OutOfDomain(f"{self.name}: {complaint}")
        return tuple(values[p.name] for p in self.choices), values

    def environment(self, values: Mapping[str, Any]) -> dict[sp.Basic, Any]:
        """Bound values as an environment for `interpret`: symbols to numbers, arrays to functions of an index."""
        env: dict[sp.Basic, Any] = {}
        for p in self.parameters:
            if p.name not in values:
                continue
            if isinstance(p.symbol, sp.IndexedBase):
                env[p.symbol] = values[p.name].__getitem__
            elif p.symbol is not None:
                env[p.symbol] = values[p.name]
        return env | {symbol: rule(values) for symbol, rule in self.implied.items()}

    def value(self, *chosen: str, stable: bool = False) -> sp.Basic:
        """The statement's right-hand side; raises DoesNotStand unless the proof stands."""
        if not self.verdict.stands:
            raise DoesNotStand(f"{self.name} does not stand: its verdict is {self.verdict}; see 'initium check'")
        derivation = self.derivation(*chosen)
        return derivation.stable if stable else derivation.statement.right
