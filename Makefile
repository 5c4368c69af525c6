# One command for everything; `make help` lists them. Needs a POSIX shell and Python 3.11 or 3.12, nothing else:
# every target first makes the environments it needs, once, from the locks in requirements/.
# Settings are REGESTA_… variables, in the environment, in .env or behind the target: make up REGESTA_API_PORT=8001

.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
REGESTA_HOME ?= $(CURDIR)/.regesta
export REGESTA_HOME PYTHON UV

PY = "$(REGESTA_HOME)/venv/bin/python"
BIN = "$(REGESTA_HOME)/venv/bin"
REGESTA = $(PY) -m regesta.cli

.PHONY: help setup demo up down status logs migrate dbt lint test faults bench torch format clean environment development

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  make logs SERVICE=serving FOLLOW=1    make test ARGS=\"-k postgres\"    make clean CONFIRM=yes"

demo: up ## set up, start, sync the sample corpus through Airflow, ask two questions
	@$(REGESTA) demo

setup: environment ## make the environments, the database, the embedding model; start nothing
	@$(REGESTA) setup

up: environment ## start every service, or repair what does not run
	@$(REGESTA) up

down: environment ## stop what `make up` started; nothing is deleted
	@$(REGESTA) down

status: environment ## what runs, where, since when; what died, and what to do
	@$(REGESTA) status

logs: environment ## the end of the services' logs
	@$(REGESTA) logs $(SERVICE) $(if $(FOLLOW),--follow)

migrate: environment ## bring the database to the newest schema
	@$(REGESTA) migrate

dbt: environment ## build and test the marts; SELECT=… for some of them
	@$(PY) -m regesta.stack.marts "$(SELECT)"

lint: development ## formatting, types, import rules, SQL
	@failed=""; \
	check() { name=$$1; shift; "$$@" || failed="$$failed $$name"; }; \
	check ruff $(BIN)/ruff check .; \
	check format $(BIN)/ruff format --check .; \
	check mypy $(BIN)/mypy; \
	check imports $(BIN)/lint-imports; \
	check sqlfluff $(BIN)/sqlfluff lint --disable-progress-bar sql; \
	check sqlfluff $(BIN)/sqlfluff lint --disable-progress-bar --templater jinja dbt/models dbt/tests; \
	check squawk $(BIN)/squawk --config .squawk.toml $(wildcard sql/migrations/*.sql); \
	if [ -n "$$failed" ]; then echo "lint failed:$$failed"; exit 1; fi; echo "lint passed"

format: development ## put code and SQL into the agreed form
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format . ; $(BIN)/sqlfluff fix --disable-progress-bar --quiet sql ; $(BIN)/sqlfluff fix --disable-progress-bar --quiet --templater jinja dbt/models dbt/tests

test: development ## every test, against a real Postgres and a real S3 of its own
	@$(PY) -m pytest $(ARGS)

faults: development ## kill and fail every step everywhere: hundreds of kills, tens of minutes
	@FAULTS=full $(PY) -m pytest tests/faults $(ARGS)

bench: environment ## the benchmarks, beside a peer and the physical limit
	@$(PY) -m bench $(ARGS)

bench-%: environment ## one of them: make bench-edit, bench-incremental, bench-dedup, …
	@$(PY) -m bench $* $(ARGS)

torch: ## add torch and sentence-transformers: any model, on the GPU when there is one
	@sh requirements/install.sh torch

clean: ## stop everything and delete what was made here: environments, database, objects, logs
	@sh requirements/clean.sh "$(CONFIRM)"

environment:
	@sh requirements/install.sh main

development:
	@sh requirements/install.sh dev
