"""The shape of the house: which way imports run, what loads without what, and that the README's examples run."""

from __future__ import annotations

import ast
import itertools
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ALLOWED = {
    "theory": {"theory"},
    "numerics": {"theory", "numerics"},
    "papers": {"theory", "numerics", "papers"},
}
OUR_SOURCES = [path for room in ALLOWED for path in sorted((ROOT / room).rglob("*.py"))]


def imported(path: Path) -> set[str]:
    """The first names of everything a file imports, lazily or not."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found.add((node.module or "").partition(".")[0])
    return found


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_imports_run_from_papers_to_numerics_to_theory(room: str) -> None:
    sources = [path for path in OUR_SOURCES if path.relative_to(ROOT).parts[0] == room]
    assert sources
    for path in sources:
        assert imported(path) & set(ALLOWED) <= ALLOWED[room], path
        if room == "theory":
            assert not imported(path) & {"torch", "scipy", "matplotlib"}, path


def loaded_by(module: str) -> set[str]:
    """The top-level modules in memory after importing a module in a fresh interpreter."""
    script = f"import sys, {module}; print(' '.join({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_samplers_load_without_computer_algebra() -> None:
    assert not loaded_by("numerics.sampling.direct") & {"sympy", "flint", "mpmath"}


def test_the_command_line_loads_nothing_heavy() -> None:
    assert not loaded_by("papers.command_line") & {"sympy", "torch", "matplotlib", "numpy", "flint"}


def test_theory_loads_without_torch() -> None:
    assert not loaded_by("theory.proof.library") & {"torch", "scipy", "matplotlib"}


def test_nothing_a_user_hands_in_is_evaluated() -> None:
    forbidden = {"eval", "exec", "sympify", "parse_expr", "literal_eval"}
    for path in OUR_SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                assert name not in forbidden, f"{path}:{node.lineno} calls {name}"
        assert "pickle" not in imported(path)


README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
CONSOLE = [line for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]


def shown_outputs() -> list[tuple[str, str]]:
    """The commands of the README that show what they print."""
    pairs = itertools.pairwise(CONSOLE)
    return [(line[2:], after) for line, after in pairs if line.startswith("$ initium") and not after.startswith("$")]


@pytest.mark.parametrize(("command", "output"), shown_outputs())
def test_the_readme_shows_what_the_command_prints(command: str, output: str) -> None:
    program, *arguments = shlex.split(command, comments=True)
    assert program == "initium"
    line = [sys.executable, "-c", "from papers.command_line import main; main()", *arguments]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == output


def test_the_readme_shows_at_least_three_outputs() -> None:
    assert len(shown_outputs()) >= 3


def test_the_readmes_python_runs(tmp_path: Path) -> None:
    script = tmp_path / "example.py"
    script.write_text(PYTHON[0], encoding="utf-8")
    subprocess.run([sys.executable, str(script)], cwd=ROOT, check=True, env=_with_path())


def _with_path() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def _proof_check(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "my_theorem.py").write_text(text, encoding="utf-8")
    line = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "my_theorem.py"]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False, env=_with_path())


def test_the_readmes_own_theorem_is_about_thirty_lines_and_is_proved(tmp_path: Path) -> None:
    code = [line for line in PYTHON[1].splitlines() if line.strip()]
    assert len(code) <= 40
    done = _proof_check(PYTHON[1], tmp_path)
    assert done.returncode == 0, done.stdout
    assert "3 steps: 3 proved" in done.stdout


def test_the_readmes_own_theorem_with_a_wrong_factor_is_refused(tmp_path: Path) -> None:
    assert '"=", a + b, identical_law' in PYTHON[1]
    done = _proof_check(PYTHON[1].replace('"=", a + b, identical_law', '"=", a + 2 * b, identical_law'), tmp_path)
    assert done.returncode == 1
    for part in ("residual", "algebra", "instance"):
        assert part in done.stdout
