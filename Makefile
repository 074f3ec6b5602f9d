# One command per task. `make` alone lists them.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3.11
# PyTorch lives in an environment of its own: what is installed by default is without it.
TORCH := .venv-torch
# Tests that need it; in the default environment they are skipped.
TORCH_TESTS := $(wildcard tests/services/edit/diffusion tests/services/generate/diffusion tests/deploy/training \
	tests/deploy/models/engines/parts tests/deploy/models/bench/test_compiled.py)
# What they say, shown when all tests are over.
TORCH_LOG := out/test-torch.txt
DISTRIBUTIONS := $(wildcard */pyproject.toml */*/pyproject.toml */*/*/pyproject.toml)
# The build backend is installed once and not anew for each of twenty distributions; hence --no-build-isolation.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup models demo test test-default test-torch torch lint format proto bench scale clean

help: ## List the tasks.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 12

# Looked for is pip: where venv could not bring it along, it leaves a Python behind, and has to run again.
setup: $(VENV)/.installed ## Make .venv with everything of this repository, editable.

$(VENV)/.installed: constraints.txt requirements-dev.txt $(DISTRIBUTIONS)
	@echo "Installing into $(VENV) (about two minutes the first time) …"
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt pip hatchling editables setuptools
	@$(BIN)/python -m pip install --disable-pip-version-check --no-build-isolation -c constraints.txt -r requirements-dev.txt
	@touch $@

torch: $(TORCH)/.installed ## Make .venv-torch, the environment of what needs PyTorch.
	@:

$(TORCH)/.installed: constraints.txt requirements-torch.txt $(DISTRIBUTIONS)
	@echo "Installing PyTorch into $(TORCH) (about two minutes the first time) …"
	@test -x $(TORCH)/bin/pip || $(PYTHON) -m venv $(TORCH)
	@$(TORCH)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt pip hatchling editables setuptools
	@$(TORCH)/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -c constraints.txt \
		-r requirements-torch.txt
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

models: setup ## Install the models (half a minute the first time, then nothing); Triton comes when it is first started.
	@$(BIN)/atelier models convert
	@$(BIN)/atelier models repository

demo: setup ## Set up everything, start the stack, draw a portrait and take a real one through it: out/demo/.
	@$(BIN)/python -m atelier_demo

test: setup ## Set up everything and run every test; those that need PyTorch in their own environment.
	@$(MAKE) --no-print-directory --jobs=2 models torch
	@$(MAKE) --no-print-directory --jobs=2 test-default test-torch; ended=$$?; cat $(TORCH_LOG); exit $$ended

# Side by side (docs/adr/0159): what needs PyTorch computes on one processor, and stands back for the rest, which waits.
test-default:
	@$(BIN)/python -m pytest

test-torch:
	@mkdir -p $(dir $(TORCH_LOG)) && : > $(TORCH_LOG)
	@$(if $(TORCH_TESTS),nice -n 10 $(TORCH)/bin/python -m pytest $(TORCH_TESTS) > $(TORCH_LOG) 2>&1)

bench: setup models torch ## Measure speed and memory; writes docs/benchmarks.md. ONLY="edit.py style.py" measures these alone.
	@$(BIN)/python benchmarks/report.py $(ONLY)

scale: setup ## Simulate the house from 1 to 256 processes; writes the figures of docs/91-scale.md (a minute or two).
	@$(BIN)/python -m atelier_simulation docs

clean: ## Remove what the tasks leave in the repository; installed models stay.
	@rm -rf $(VENV) $(TORCH) out .cache .mypy_cache .pytest_cache .ruff_cache
