# Everyday commands. `make` alone lists them; CI runs `make test` and `make check`.
#   VENV=dir      where the environment lives    (default .venv)
#   PYTHON=name   the Python it is made from     (default python3)

VENV ?= .venv
PYTHON ?= python3
RUN := $(VENV)/bin/python -m

.DEFAULT_GOAL := help
.PHONY: help demo setup fix check test test-all golden bench docs

help:  ## list these commands
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

demo: $(VENV)/.installed  ## pretrain on real pictures, judge the encoder, write a report: the main job
	$(VENV)/bin/nearfar demo

setup: $(VENV)/.installed-dev  ## make the environment with everything for development

fix: setup  ## format the code and repair what ruff can
	$(RUN) ruff check --fix-only --quiet
	$(RUN) ruff format

check: setup  ## lint, format, types, import layers, spelling, docstrings
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(VENV)/bin/lint-imports --no-logo
	$(RUN) codespell_lib
	$(RUN) pytest -q tests/test_docstrings.py

test: setup  ## the fast tests
	$(RUN) pytest -q

test-all: $(VENV)/.installed-dev,peer,browser  ## every test this machine can run: also slow, peer, distributed, browser
	$(RUN) pytest -q --timeout=3600 -m "not download and not gpu"

golden: setup  ## record the golden loss curves anew; the commit says why they moved
	$(VENV)/bin/python tests/golden/record.py

bench: $(VENV)/.installed-dev,peer  ## measure speed beside the peers and print the table
	$(VENV)/bin/python benchmarks/run.py

docs: $(VENV)/.installed-dev,docs  ## build the documentation into site/
	$(VENV)/bin/python tests/cli/wrong_calls.py
	NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs build --strict --quiet

# A stamp per set of extras: installed once, and again when pyproject.toml changes.
define install
@test -x $(VENV)/bin/pip || $(PYTHON) -m venv $(VENV)
@echo "Installing nearfar$(1) into $(VENV); the first time takes minutes."
@$(VENV)/bin/python -m pip install -qq --disable-pip-version-check --editable '.$(1)'
@touch $@ $(VENV)/.installed
endef

$(VENV)/.installed: pyproject.toml
	$(call install)

$(VENV)/.installed-%: pyproject.toml
	$(call install,[$*])
