# Two commands on a fresh machine: `make run` and `make test`. Both set everything up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKDIR ?= runs/quickstart
LADDER ?= $(WORKDIR)-ladder
READY := $(VENV)/.ready
# One more than cores: tests that start programs wait for them.
WORKERS := $(shell echo $$(($$(nproc 2>/dev/null || echo 2) + 1)))

.PHONY: run test docs package slow lint clean

run: $(READY)  ## Two quick studies on two simulated buildings: Tables V and VI; whole walks.
	$(BIN)/python -m launch.study --config=configs/quickstart.py --workdir=$(WORKDIR)
	$(BIN)/python -m launch.study --config=configs/ladder.py --config.seeds=1 --workdir=$(LADDER)

# What Python compiles is kept, whatever the environment says: each worker, and each program that a
# test starts, would compile all of it again.
test: $(READY)  ## The whole suite but its slow tests.
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder

docs: $(READY)  ## The documentation, in build/docs; a warning is an error.
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs

package: $(READY)  ## Build wheel and sdist, install the wheel, use it from an empty folder.
	$(BIN)/python -m pytest -q -m slow tests/test_package.py

slow: $(READY)  ## The tests that take minutes.
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m slow

lint: $(READY)  ## Style and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:  ## Remove the environment and what studies left in runs/.
	rm -rf $(VENV) runs .jax_cache

# Reinstalled only when the dependencies change.
$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(READY)
