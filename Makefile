# Từng Nhà: `make` lists the commands.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
PORT ?= 8000
# in which order tests run: the same everywhere, so that what passes here passes in CI; ORDER=2 is another
ORDER ?= 1
# one more than CI has cores: tests of servers wait for much
WORKERS ?= 3
BIN := .venv/bin
export TUNGNHA_INSTANCE ?= instance
# each command and each test that starts a process would compile everything anew: 12 s instead of 4
unexport PYTHONDONTWRITEBYTECODE

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.venv/bin/uv:
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check uv

.venv/.runtime: requirements.lock | .venv/bin/uv
	@echo "Cài thư viện (requirements.lock) …"
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.runtime
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements-dev.lock
	@touch $@

setup: .venv/.runtime assets ## install what running needs
setup-dev: setup .venv/.dev ## install what testing needs too

assets: .venv/.runtime
	@$(BIN)/python dashboards/assets.py

demo: setup ## set up everything, fill the demonstration, serve it on PORT (8000)
	@TUNGNHA_DEMO=1 $(BIN)/flask --app app demo --serve --port $(PORT)

test: setup-dev ## set up everything and run all tests
	@$(BIN)/python -m pytest -n $(WORKERS) --randomly-seed=$(ORDER)

quick: setup-dev ## before each commit: format, lint, types, imports, rules, the pure packages and what phones speak, on SQLite
	@$(BIN)/ruff format --check . && $(BIN)/ruff check -q . && $(BIN)/mypy && $(BIN)/lint-imports --no-logo >/dev/null
	@$(BIN)/python -m pytest -n 2 --database sqlite -m "not live" tests/forms tests/geo tests/protocol tests/rules --deselect tests/rules/test_walk.py

check: ## what CI runs
	@.ci/run

audit: setup-dev ## ask whether a library has a known vulnerability
	@$(BIN)/python .ci/audit.py

fix: setup-dev ## format, and repair what ruff can
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lock: .venv/bin/uv ## write the lock files anew from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra dev pyproject.toml -o requirements-dev.lock

.PHONY: help assets setup setup-dev demo test quick check audit fix lock
