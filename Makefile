# wheelyard: `make help` lists what can be made.

PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check --quiet

# What `make run` passes on to `wheelyard up`.
PROJECTS ?=
DATA ?=
PORT ?=
UPSTREAM ?=
ONCE ?=
FORCE ?=
FULL ?=
UP_OPTIONS := $(if $(DATA),--data '$(DATA)') $(if $(PORT),--port '$(PORT)') \
	$(if $(UPSTREAM),--upstream '$(UPSTREAM)') \
	$(if $(filter-out 0,$(ONCE)),--once) $(if $(filter-out 0,$(FORCE)),--force)

.PHONY: help run install lint format test soak bench lock clean

help: ## List the targets.
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16
	@echo
	@echo '  make run takes PROJECTS="evdev RPi.GPIO==0.7.1" DATA=folder PORT=number UPSTREAM=url FORCE=1 ONCE=1'

run: $(VENV)/installed-run ## Install what is missing, build the wanted projects and serve them.
	@exec $(VENV)/bin/wheelyard up $(UP_OPTIONS) $(PROJECTS)

install: $(VENV)/installed-dev ## Set up everything that the checks and tests need.

lint: $(VENV)/installed-dev ## Check style, formatting, types and import rules.
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

format: $(VENV)/installed-dev ## Format the code and mend what can be mended by itself.
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

test: $(VENV)/installed-dev ## Run all tests but the slow ones.
	$(VENV)/bin/pytest -n 2 --dist worksteal -m 'not soak'

soak: $(VENV)/installed-dev ## Run the slow tests.
	$(VENV)/bin/pytest -m soak

bench: $(VENV)/installed-dev ## Measure, and write docs/performance.md (FULL=1: with 1,000,000 projects).
	FULL=$(FULL) PYTHONPATH=tests $(VENV)/bin/python bench/run.py

lock: ## Choose the versions of all libraries anew and write them down with their hashes.
	setup/lock $(VENV)/bin/uv

clean: ## Remove the virtual environment and every cache (not the data).
	rm -rf $(VENV) .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	setup/system-packages run
	$(PYTHON) -m venv $(VENV)

# The development set holds the other one, so whoever has it needs no second installation.
$(VENV)/installed-run: requirements/run.txt pyproject.toml setup/system-packages | $(VENV)/bin/python
	setup/system-packages run
	test -e $(VENV)/installed-dev || $(PIP) install --require-hashes -r requirements/run.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/installed-dev: requirements/dev.txt pyproject.toml setup/system-packages | $(VENV)/bin/python
	setup/system-packages test
	$(PIP) install --require-hashes -r requirements/dev.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@
