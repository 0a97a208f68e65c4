# What one does with a checkout. Every target first sees to .venv, which costs a tenth of a second when nothing changed.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The Python that .venv is made with: 3.11 or newer.
PYTHON ?= python3
# More words for the program that a target runs: make test ARGS='-k limiter', make demo ARGS=--help
ARGS ?=
BIN := .venv/bin

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: environment
environment: ## make .venv ready (every other target does this first)
	@$(PYTHON) scripts/environment.py

.PHONY: demo
demo: environment ## a bad day in half a minute: two agents, real failures, two scorecards
	@$(BIN)/chaosproxy demo $(ARGS)

.PHONY: test
test: environment ## all tests; ARGS goes to pytest, HYPOTHESIS_PROFILE=deep looks longer
	@scripts/system_packages
	@PATH=$$PATH:/usr/sbin $(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile $(ARGS)

.PHONY: test-compiled
test-compiled: environment ## the same tests against the compiled wheel
	@scripts/system_packages
	@$(BIN)/python scripts/compiled.py
	@PATH=$$PATH:/usr/sbin PYTHONSAFEPATH=1 .venv-compiled/bin/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile $(ARGS)

.PHONY: lint
lint: environment ## style, types, who imports whom, generated pages in step
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/mypy docs/generate.py scripts/environment.py scripts/compiled.py scripts/grafana_dashboard.py scripts/screenshots.py hatch_build.py
	@$(BIN)/mypy examples
	@$(BIN)/lint-imports
	@$(BIN)/python docs/generate.py --check
	@$(BIN)/python scripts/grafana_dashboard.py --check

.PHONY: docs
docs: environment ## write the generated pages of docs/ anew
	@$(BIN)/python docs/generate.py
	@$(BIN)/python scripts/grafana_dashboard.py

.PHONY: calibrate
calibrate: environment ## how well retries and ends are told: conversations with known intent, and a thousand random ones
	@$(BIN)/python -m tests.corpus $(ARGS)

.PHONY: screenshots
screenshots: environment ## take the pictures of docs/images anew, from a real run in a real browser
	@$(BIN)/python scripts/screenshots.py

.PHONY: records
records: environment ## write anew what real runs record: each fault's bytes, and what clients make of it (do read the difference)
	@$(BIN)/python -m tests.catalogue.records
	@$(BIN)/python -m tests.reactions

.PHONY: bench
bench: environment ## measure us and our peers in one run, and print the table (wants an idle machine)
	@$(BIN)/python scripts/compiled.py
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: soak
soak: environment ## minutes of faults: does anything grow? ARGS='--calls 10000000 --sessions 100000' is the whole
	@$(BIN)/python -m benchmarks.soak $(ARGS)

.PHONY: fuzz
fuzz: environment ## a million spoiled messages for each reader; ARGS='--inputs N --seed N'
	@$(BIN)/python -m tests.fuzzing.campaign $(ARGS)

.PHONY: clean
clean: ## remove all that was made here
	rm -rf .venv .venv-bench .venv-compiled .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
