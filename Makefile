# Each target sets up what it needs in .venv, once, and again when pyproject.toml or constraints.txt change.
# Another Python: make test PYTHON=python3.12

PYTHON ?= python3
BIN := .venv/bin

# One thread a process: two processes that share two cores with more threads than that spend their time waiting.
export OMP_NUM_THREADS ?= 1
export OMP_WAIT_POLICY ?= passive

# Every branch of these modules is tested; of the others, nine in ten.
MATHEMATICS := masks policy reinforce values advantages surrogate intervals kl exact
MATHEMATICS_FILES := $(shell echo $(MATHEMATICS:%=ppo_teach/%.py) | tr ' ' ',')

# In this environment a click on a chapter opens it as a notebook.
LAB_SETTINGS := .venv/etc/jupyter/labconfig/default_setting_overrides.json

.PHONY: help test coverage book book-strict lab browser-test clean

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

test: .venv/with-dev ## check the style and the imports, run the tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist worksteal $(COVER) --durations=10

coverage: COVER := --cov --cov-report=
coverage: test ## the same with the coverage measured: slower, and what .ci/run does
	$(BIN)/coverage report --include=$(MATHEMATICS_FILES) --fail-under=100
	$(BIN)/coverage report --omit=$(MATHEMATICS_FILES) --fail-under=90

book: .venv/with-book ## run every chapter and write the book to book/_build/html
	$(BIN)/python book/build.py

book-strict: .venv/with-book ## the same; what came out otherwise and what is warned of are errors
	$(BIN)/python book/build.py --strict

lab: .venv/with-lab ## open the chapters as notebooks in JupyterLab
	$(BIN)/jupytext-config --settings-file $(LAB_SETTINGS) set-default-viewer markdown myst
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) book/intro.md

browser-test: .venv/with-dev ## try the built book in a browser (after `make book`; needs Chromium)
	$(BIN)/pytest tests/browser

clean: ## remove the built book and the environment
	rm -rf book/_build .venv

.venv/with-%: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install -c constraints.txt -e '.[$*]'
	touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, and '$(PYTHON)' is not that. Name one: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }
