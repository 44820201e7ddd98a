# Two commands do everything on a fresh machine: `make demo` and `make test`.
# Both make .venv when it is missing and install what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo

.PHONY: demo test bench lint types clean

# Debian keeps venv in a package of its own; install it where we may.
$(BIN)/python:
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "installing python3-venv"; apt-get update -qq && apt-get install -y -qq python3-venv; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(BIN)/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[all]'
	@touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@ $(VENV)/.demo

$(VENV)/.bench: $(BIN)/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test,bench]'
	@touch $@ $(VENV)/.demo $(VENV)/.test

demo: $(VENV)/.demo
	@mkdir -p $(DEMO)
	@cp -n notebooks/quickstart.ipynb $(DEMO)/ 2>/dev/null || true
	@echo "mapping $(DEMO)/quickstart.ipynb over every .py file of $(VENV)"
	@$(BIN)/jupyter datum run $(DEMO)/quickstart.ipynb; code=$$?; \
	  test $$code -le 1 || exit $$code  # 1: some datums failed, which is the story of this demo

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	@command -v strace >/dev/null || { apt-get update -qq && apt-get install -y -qq strace; } || \
	  echo "no strace: the kill-at-every-syscall test will be skipped"
	$(BIN)/pytest -q
	bash tests/wheel.sh

bench: $(VENV)/.bench
	$(BIN)/python benchmarks/overhead.py
	$(BIN)/python benchmarks/rerun.py
	$(BIN)/python benchmarks/faults.py
	$(BIN)/python benchmarks/workloads.py

clean:
	rm -rf $(VENV) $(DEMO) build dist
