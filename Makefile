# `make report` and `make test` need nothing set up before: they create .venv and install into it.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
# one torch thread a process: the tests run as many processes as there are cores
export OMP_NUM_THREADS := 1

.PHONY: report handbook printed test lint benchmarks clean

report: $(READY)
	$(BIN)/initium report

# needs TeX: on Debian texlive-latex-base, -latex-recommended, -science and -fonts-recommended
handbook: $(READY)
	$(BIN)/initium tables
	$(BIN)/initium handbook

# renews what is committed in papers/evidence and papers/printed; measures only what is missing or stale
printed: $(READY)
	$(BIN)/initium report --printed

test: $(READY)
	$(BIN)/python -m pytest -n auto

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy

benchmarks: $(READY)
	$(BIN)/python -m pytest tests/benchmarks --benchmark-only

$(READY): requirements.txt pyproject.toml
	python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	touch $@

clean:
	rm -rf $(VENV) build papers/build *.egg-info
