# One command each, from a bare clone. Settings come from the environment: docs/settings.md.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: help setup demo demo-reset test test-external lint bench screenshots
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Python and Node packages, assets, translations; a second run takes no time
	@PYTHON=$(PYTHON) tools/setup.sh

demo: setup ## a running system with demo data, at http://127.0.0.1:$TINHSO_PORT (8000)
	@exec $(BIN)/tinhso demo

demo-reset: setup ## the same from the start: the demo's data is thrown away
	@exec $(BIN)/tinhso demo --reset

test: setup ## lint, tests and browser tests; ARGS goes to pytest
	@tools/debian-package.sh chromium chromium 'tests marked "browser" are skipped' || true
	@$(MAKE) --no-print-directory lint
	$(BIN)/pytest $(ARGS)

test-external: setup ## the same tests on Debian's PostgreSQL 15, reached by DATABASE_URL
	@tools/debian-package.sh /usr/lib/postgresql/15/bin/postgres postgresql-15 'nothing to test on'
	$(BIN)/python tools/test_external.py $(ARGS)

lint: setup ## style, types, arrows between the parts, completeness of translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/messages.py check

bench: setup ## the budgets of the design, each beside its own floor
	$(BIN)/python -m bench $(ARGS)

screenshots: setup ## the pictures of the README, taken from the demo
	$(BIN)/python tools/screenshots.py $(ARGS)
