.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

help:  ## list what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(READY): requirements.txt pyproject.toml
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

test: $(READY)  ## check style, unit tests, notebooks and the published book
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest --cov --cov-report=term
	$(BIN)/python -m pytest --nbval notebooks --ignore notebooks/assignments -p no:cacheprovider
	$(BIN)/python -m semg_lib.publishing.build site

replicate: $(READY)  ## run the papers on the recordings in SEMG_DATA anew
	$(BIN)/python -m semg_lib.publishing.build replicate

paper: $(READY)  ## begin a new paper from the template: make paper NAME=author2000
	$(BIN)/python -m semg_lib.publishing.new_paper $(NAME)

golden: $(READY)  ## run the notebooks and store what their golden cells print
	$(BIN)/python -m semg_lib.publishing.sources golden

bench: $(READY)  ## measure speed and memory, as ratios against named peers
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/features.py
	$(BIN)/python benchmarks/spectrogram.py
	$(BIN)/python benchmarks/loading.py
	$(BIN)/python benchmarks/sweep.py

links: $(READY)  ## ask every address in the book whether it is still there
	$(BIN)/jupyter-book build . --builder linkcheck

assignments: $(READY)  ## make student versions, solutions and autograders of the assignments
	$(BIN)/python -m semg_lib.course.assignments

serve: $(READY)  ## show the book built last at http://localhost:8000
	$(BIN)/python -m semg_lib.publishing.build serve

clean: $(READY)  ## strip outputs and metadata from the notebooks, remove what was built
	$(BIN)/python -m semg_lib.publishing.sources clean
	rm -rf _build book/generated

.PHONY: help book site pdf assignments test replicate paper golden bench links serve clean
