"""Every work that is cited is in the bibliography, everything in it is cited, and BibTeX reads it without a complaint."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papers import references
from papers.bibliography import WORKS, Work
from papers.claims import ledger
from papers.references import Citation, UnknownWork, as_cite, as_text, bibtex, citations, entry, keys_in, link
from theory.proof.library import theorems

ROOT = Path(__file__).resolve().parents[2]
KEYS = {work.key for work in WORKS}
OURS = {*(ROOT / "papers" / "bibliography").iterdir(), ROOT / "papers" / "references.py", Path(__file__).resolve()}
SOURCES = [
    path for room in ("theory", "numerics", "papers") for path in (ROOT / room).rglob("*.py") if path not in OURS
]
TESTS = [path for path in (ROOT / "tests").rglob("*.py") if path not in OURS]
BIBTEX = shutil.which("pdflatex") and shutil.which("bibtex")
needs_bibtex = pytest.mark.skipif(not BIBTEX, reason="pdflatex or bibtex is not installed, so nothing was compiled")
HOSTILE = (
    r"100% of_x & #1 $a$ {b} ~c^d \input{/etc/passwd} <|> q -- --- `` '' é ß ± Ω 漢",
    "}} @misc{intruder, title = {x",
    '{{ "open \\',
    r"\write18{id}, Jr and \end{document} and others",
)


def cited_in(paths: list[Path]) -> set[str]:
    return {key for path in paths for key in keys_in(path.read_text(encoding="utf-8"))}


def test_keys_are_unique_and_have_the_form_that_is_looked_for() -> None:
    assert len(KEYS) == len(WORKS)
    assert all(keys_in(f"({key}, 2)") == (key,) for key in KEYS)
    assert all(key[-4:].isdigit() is False or int(key[-4:]) == references.find(key).year for key in KEYS)


def test_every_source_of_a_theorem_or_of_a_cited_fact_is_in_the_bibliography() -> None:
    steps = [step for theorem in theorems() for derivation in theorem.derivations() for step in derivation.steps]
    facts = {step.rule.source for step in steps if step.rule.kind == "cited"}
    sources = facts | {theorem.source for theorem in theorems()}
    assert len(facts) > 1
    for source in sources:
        found = citations(source)  # raises UnknownWork for what is missing
        assert found or source == "Initium", source
        assert all(citation.claim in ("", *ledger.IDS) for citation in found), source
        assert tuple(citation.key for citation in found) == keys_in(source), source


def test_every_paper_of_the_ledger_is_in_the_bibliography() -> None:
    papers = {claim.paper for claim in ledger.claims()}
    assert {key for paper in papers for key in keys_in(paper)} == papers - {"reviews"} <= KEYS
    assert citations("reviews") == ()


def test_whatever_looks_like_a_key_in_the_sources_is_one() -> None:
    assert cited_in(SOURCES) <= KEYS


def test_everything_in_the_bibliography_is_cited_somewhere() -> None:
    assert cited_in([*SOURCES, *TESTS, ROOT / "README.md"]) >= KEYS


def test_references_in_docstrings_of_theory_are_keys() -> None:
    named = 0
    for path in (path for path in SOURCES if path.is_relative_to(ROOT / "theory")):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        for part in re.findall(r"References?: (.*?)(?:\.\s|$)", text, re.DOTALL):
            assert keys_in(part), f"{path}: {part}"
            named += 1
    assert named > 30  # about as many modules as theory has subjects: the pattern finds them


# --- sources --------------------------------------------------------------------------------------


def test_a_source_is_read_as_keys_with_places_or_claims() -> None:
    read = citations("hanin2018start, theorem 6, second part; he2015;sussillo2014, S-07; Initium")
    place = Citation("hanin2018start", "theorem 6, second part")
    assert read == (place, Citation("he2015"), Citation("sussillo2014", claim="S-07"))


def test_a_source_in_latex_cites_each_work_with_its_place() -> None:
    shown = as_cite("hanin2018start, figure_1 [left]; he2015; sussillo2014, S-07; Initium")
    cited = r"\cite[{figure\_1 [left]}]{hanin2018start}; \cite{he2015}; \cite{sussillo2014} (claim S-07); Initium"
    assert shown == cited


@pytest.mark.parametrize("ask", [references.find, citations, as_cite, as_text, link])
def test_a_key_without_a_work_is_refused_with_near_ones(ask) -> None:
    with pytest.raises(UnknownWork, match="no work glorot2011; did you mean glorot2010"):
        ask("glorot2011")


# --- for people -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("price1958", "Robert Price. A useful theorem for nonlinear devices having Gaussian inputs. IRE Transactions on "
                      "Information Theory 4(2), 69–72, 1958."),
        ("hanin2018which", "Boris Hanin. Which neural net architectures give rise to exploding and vanishing gradients? In "
                           "Advances in Neural Information Processing Systems, volume 31, 2018."),
        ("johnson1994", "Norman L. Johnson, Samuel Kotz and N. Balakrishnan. Continuous Univariate Distributions, volume 1, "
                        "second edition. Wiley, 1994."),
        ("pebay2008", "Philippe Pébay. Formulas for robust, one-pass parallel computation of covariances and arbitrary-"
                      "order statistical moments. Technical report SAND2008-6212, Sandia National Laboratories, 2008."),
        ("sussillo2014", "David Sussillo and L. F. Abbott. Random walk initialization for training very deep feedforward "
                         "networks. arXiv:1412.6558, 2014."),
    ],
)  # fmt: skip
def test_a_reference_reads_as_in_a_list_of_references(key, line) -> None:
    assert as_text(key) == line


def test_a_link_leads_to_the_publisher_or_else_to_arxiv() -> None:
    assert link("hanin2020products") == "https://doi.org/10.1007/s00220-019-03624-z"
    assert link("sussillo2014") == "https://arxiv.org/abs/1412.6558"
    assert link("okabe2008") == "https://jfly.uni-koeln.de/color/"
    assert link("widder1941") == ""


# --- BibTeX ---------------------------------------------------------------------------------------


def test_capitals_of_names_are_protected_and_accents_are_one_letter() -> None:
    shown = bibtex()
    for part in (
        "{Surpassing} human-level performance on {ImageNet} classification",
        "of {CNNs}: {How} to train",
        r"title = {Arb: {Efficient} arbitrary",
        r"Miroslav Rozlo{\v{z}}n{\'{i}}k and Jasper van den Eshof",
        "pages = {3360--3368}",
        "title = {An Introduction to Probability Theory and Its Applications},",
    ):
        assert part in shown, part
    assert shown.isascii()


@given(st.lists(st.text(alphabet=st.sampled_from('ab {}\\%$#_^~&"@,é漢'), min_size=1), min_size=3, max_size=3))
def test_no_field_can_end_its_entry_or_hold_a_command(texts) -> None:
    """BibTeX ends a field where its braces balance; LaTeX then finds only commands that stand for characters."""
    title, author, venue = texts
    shown = entry(Work("hostile2000", "article", (author,), title, 2000, venue, volume=title, pages=author))
    depth, closed = 0, 0
    for character in shown[len("@article") :]:
        depth += {"{": 1, "}": -1}.get(character, 0)
        closed += character == "}" and depth == 0
        assert depth >= 0
    assert depth == 0
    assert closed == 1
    harmless = r"\\(text[a-z]+\{\}|texttt(?=\{U\+)|'(?=\{)|[%$#_&])|[^\\%$#&^~]"
    body = re.sub(r"^  [a-z]+ = ", "", shown, flags=re.MULTILINE)
    assert re.fullmatch(f"(?:{harmless})*", body), shown


def test_one_author_stays_one_whatever_the_name() -> None:
    shown = entry(replace(references.find("he2015"), authors=("Smith and Sons, Ltd.", "Anders And", "Sanderson, Jr.")))
    assert "author = {{Smith and Sons, Ltd.} and Anders And and {Sanderson, Jr.}}" in shown


@pytest.mark.parametrize("field", ["doi", "arxiv"])
def test_an_identifier_that_bibtex_could_not_read_is_refused(field) -> None:
    with pytest.raises(ValueError, match="is no identifier"):
        entry(replace(references.find("he2015"), **{field: "10.1/x}, note={y"}))


def compiled(bibliography: str, folder: Path) -> str:
    """The text of the list of references, made by plain LaTeX and BibTeX, neither of which may complain."""
    (folder / "works.bib").write_text(bibliography, encoding="utf-8")
    (folder / "page.tex").write_text(
        "\\documentclass{article}\n\\begin{document}\n\\nocite{*}\n\\bibliographystyle{plain}\n"
        "\\bibliography{works}\n\\end{document}\n",
        encoding="utf-8",
    )
    latex = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "page.tex"]
    for command in (latex, ["bibtex", "page"], latex, latex):
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)
        said = done.stdout.decode("latin-1")
        assert done.returncode == 0, said
        assert command is latex or not re.search("warning|error", said, re.IGNORECASE), said
    log = (folder / "page.log").read_text(encoding="latin-1")
    assert not re.search("LaTeX Warning|Missing character", log), log
    return (folder / "page.bbl").read_text(encoding="latin-1")


@needs_bibtex
def test_bibtex_and_latex_make_the_list_of_references_without_a_warning(tmp_path) -> None:
    shown = compiled(bibtex(), tmp_path)
    assert set(re.findall(r"\\bibitem\{(.*?)\}", shown)) == KEYS


@needs_bibtex
def test_hostile_words_stay_words_in_the_list_of_references(tmp_path) -> None:
    plain = references.find("price1958")
    works = [
        replace(plain, key=f"hostile{at}", authors=(text, "B. Second"), title=text, venue=text, volume=text)
        for at, text in enumerate(HOSTILE)
    ]
    shown = compiled("\n".join(map(entry, works)), tmp_path)
    assert len(re.findall(r"\\bibitem\{hostile[0-9]\}", shown)) == len(HOSTILE)
    assert "intruder" not in re.findall(r"\\bibitem\{(.*?)\}", shown)
    if shutil.which("pdftotext"):
        text = subprocess.run(["pdftotext", "page.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert r"\input{/etc/passwd}" in re.sub(r"\s", "", text.stdout)
