.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
CORES = $(shell env -u OMP_NUM_THREADS nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
# Tests wait for browsers and other processes, so that one more than there are cores ends sooner.
WORKERS = $(shell expr $(CORES) + 1)
PYTEST := $(BIN)/python -m pytest

help:  ## list what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

# The releases in requirements.txt need this Python: it is asked before gigabytes are on their way.
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "needs Python 3.11 or later," \
	  "and $(PYTHON) is $$($(PYTHON) --version 2>&1 | tail -n 1): name one that you have, as PYTHON=python3.11 make book" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments:" \
	  "install its venv, as apt install python3-venv on Debian and Ubuntu" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

book: $(READY)  ## run the notebooks on simulated data and build the book from these runs
	$(BIN)/python -m semg_lib.publishing.build fresh

site: $(READY)  ## build the published book from the stored runs
	$(BIN)/python -m semg_lib.publishing.build site

pdf: $(READY)  ## print the published book to _build/DL-for-sEMG.pdf
	$(BIN)/python -m semg_lib.publishing.build pdf

# Tests share the cores as processes, so each has one thread.
test test-slow test-slurm: export OMP_NUM_THREADS = 1

test: $(READY)  ## check style and types, build the published book, run the tests and the notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/python -m semg_lib.publishing.sources check
	$(BIN)/mypy
	$(BIN)/python -m semg_lib.publishing.build site
	SEMG_SITE=_build/html $(PYTEST) -m "not slow" -n $(WORKERS) --dist worksteal --durations=40 $(COVERAGE)
	$(PYTEST) --nbval --nbval-current-env notebooks --ignore notebooks/assignments -p no:cacheprovider -n $(CORES) --maxprocesses 4 --dist loadfile

test-slow: $(READY)  ## run the tests that are long and rare: Colab, assignments, grading, a new paper, kills
	$(PYTEST) -m slow -n $(CORES) --dist loadfile --no-loadscope-reorder $(COVERAGE)

test-slurm: $(READY)  ## run sweeps on Slurm and over network namespaces (root; slurm-wlm, munge, iproute2)
	$(PYTEST) tests/cluster -n 0

replicate: $(READY)  ## run the papers on the recordings in SEMG_DATA anew
	$(BIN)/python -m semg_lib.publishing.build replicate

replay: $(READY)  ## see whether stored numbers still come out: one subject of each record anew
	$(BIN)/python -m semg_lib.publishing.replay

expected: $(READY)  ## run the notebooks quickly with three seeds and store what a reader should see
	$(BIN)/python -m semg_lib.publishing.build expect

paper: $(READY)  ## begin a new paper from the template: make paper NAME=author2000
	$(BIN)/python -m semg_lib.publishing.new_paper $(NAME)

golden: $(READY)  ## run the notebooks and store what their golden cells print
	$(BIN)/python -m semg_lib.publishing.sources golden

bench: $(READY)  ## measure speed and memory, as ratios against named peers
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/accuracy.py
	$(BIN)/python benchmarks/features.py
	$(BIN)/python benchmarks/spectrogram.py
	$(BIN)/python benchmarks/loading.py
	$(BIN)/python benchmarks/sweep.py
	$(BIN)/python -m semg_lib.publishing.build site
	$(BIN)/python benchmarks/page.py

address: $(READY)  ## publish from a fork: make address URL=https://github.com/ME/FORK
	$(BIN)/python -m semg_lib.publishing.address $(URL)

links: $(READY)  ## ask every address in the book whether it is still there
	$(BIN)/jupyter-book build . --builder linkcheck

assignments: $(READY)  ## make student versions, solutions and autograders of the assignments
	$(BIN)/python -m semg_lib.course.assignments

serve: $(READY)  ## show the book built last at http://localhost:8000
	$(BIN)/python -m semg_lib.publishing.build serve

clean:  ## remove what was built; strip the notebooks of outputs and metadata where .venv is
	rm -rf _build book/generated
	test ! -e $(READY) || $(BIN)/python -m semg_lib.publishing.sources clean

.PHONY: help book site pdf assignments test test-slow test-slurm replicate replay expected paper golden bench address links serve clean
