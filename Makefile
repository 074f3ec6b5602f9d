# One command per task. `make` alone lists them.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3.11
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup models demo test lint format proto bench clean

help: ## List the tasks.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 12

setup: $(VENV)/.installed ## Make .venv with everything of this repository, editable.

$(VENV)/.installed: constraints.txt requirements-dev.txt $(wildcard */pyproject.toml */*/pyproject.toml)
	@echo "Installing into $(VENV) (about two minutes the first time) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt pip
	@$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -r requirements-dev.txt
	@touch $@

lint: setup ## ruff, mypy strict, buf lint, buf breaking.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict .
	@$(BIN)/python proto/generate.py lint

format: setup ## Let ruff put the sources into shape.
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/buf format --write proto --path proto/atelier

proto: setup ## Make stubs and descriptor set from the proto files; BREAKING=accept where a break is meant.
	@$(BIN)/python proto/generate.py stubs $(if $(filter accept,$(BREAKING)),--accept-breaking)

models: setup ## Install the models and Triton (half a minute the first time, then nothing).
	@$(BIN)/atelier models convert
	@$(BIN)/atelier models repository

demo: setup ## Set up everything, start the stack, take a real portrait through it: out/demo/.
	@$(BIN)/python -m atelier_demo

test: setup models ## Set up everything and run every test.
	@$(BIN)/python -m pytest

bench: setup models ## Measure speed and memory; writes docs/benchmarks.md.
	@$(BIN)/python benchmarks/report.py

clean: ## Remove what the tasks leave in the repository; installed models stay.
	@rm -rf $(VENV) out .cache .mypy_cache .pytest_cache .ruff_cache
