# Two commands do everything on a fresh machine with Python 3.11+, Node 20 and make:
# `make demo` and `make test`. Both make .venv when it is missing and install what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
# yarn as JupyterLab ships it; the lock file is what is installed.
JLPM := PATH="$(CURDIR)/$(BIN):$$PATH" YARN_ENABLE_IMMUTABLE_INSTALLS=1 jlpm
BUILT := jupyter_datum/labextension/package.json
FRONT := package.json yarn.lock tsconfig.json $(wildcard src/*.ts* src/*/*.ts* style/* schema/*)
APT := apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends

.PHONY: demo lab test bench lint pytest jest bundles wheel ui clean

# Debian keeps venv in a package of its own; install it where we may.
$(BIN)/python:
	@node --version 2>/dev/null | grep -Eq '^v(2[0-9]|[3-9][0-9])\.' || { \
	  echo "Node 20 or newer builds the JupyterLab half, and is not there: install it first"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "installing python3-venv"; $(APT) python3-venv; }
	@echo "making $(VENV), once: a minute or some, most of it for packages and the JupyterLab half"
	$(PYTHON) -m venv $(VENV)

# A link that `develop` made leads into the checkout: what pip installs must not go through it.
UNLINK := @rm -f $(VENV)/share/jupyter/labextensions/jupyter-datum 2>/dev/null || true

# Installing builds the JupyterLab half: some tens of seconds, most of them for its packages.
$(VENV)/.demo: $(BIN)/python pyproject.toml
	$(UNLINK)
	YARN_ENABLE_IMMUTABLE_INSTALLS=1 $(PIP) -e '.[all]'
	@touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml
	$(UNLINK)
	YARN_ENABLE_IMMUTABLE_INSTALLS=1 $(PIP) -e '.[test]'
	@# Where this is, jsonschema builds a parser of IRIs: some seconds of each server that a test starts.
	@$(BIN)/pip uninstall --quiet --yes rfc3987-syntax
	@touch $@ $(VENV)/.demo

# What the other two demo notebooks need: scikit-learn, Pillow.
$(VENV)/.extra: $(VENV)/.demo
	$(UNLINK)
	YARN_ENABLE_IMMUTABLE_INSTALLS=1 $(PIP) -e '.[demo]'
	@touch $@

$(VENV)/.bench: $(BIN)/python pyproject.toml
	$(UNLINK)
	YARN_ENABLE_IMMUTABLE_INSTALLS=1 $(PIP) -e '.[test,bench]'
	@touch $@ $(VENV)/.demo $(VENV)/.test

# The JupyterLab half as it stands now, in place of the copy that pip has made. What pip has built
# of these very sources is not built a second time, unless it is no production build.
$(VENV)/.front: $(VENV)/.demo $(FRONT)
	@changed=$$(find $(FRONT) node_modules/.yarn-state.yml -newer $(BUILT) 2>&1); \
	  test -z "$$changed" && $(BIN)/python tools/bundles.py >/dev/null 2>&1 || \
	  { $(JLPM) install && $(JLPM) build:prod; }
	$(BIN)/jupyter-builder develop --overwrite .
	@touch $@

demo: $(VENV)/.demo
	@mkdir -p $(DEMO)
	@cp -n notebooks/quickstart.ipynb $(DEMO)/ 2>/dev/null || true
	@test -d $(DEMO)/.datum || echo "a cell has a bug in it, so some of these files will fail:"
	@echo "mapping $(DEMO)/quickstart.ipynb over every .py file of $(VENV)"
	@$(BIN)/jupyter datum run $(DEMO)/quickstart.ipynb; code=$$?; \
	  test $$code -le 1 || exit $$code  # 1: some datums failed, which is the story of this demo
	@echo
	@echo "To see it, mend it and retry what failed, in JupyterLab with the panel: make lab"

# JupyterLab with this notebook and two more, and the panel on the left.
lab: $(VENV)/.front $(VENV)/.extra
	@mkdir -p $(DEMO)
	@cp -n notebooks/*.ipynb $(DEMO)/ 2>/dev/null || true
	cd $(DEMO) && ../$(BIN)/jupyter lab quickstart.ipynb

lint: $(VENV)/.test $(VENV)/.front
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(JLPM) lint:check

pytest: $(VENV)/.test
	@command -v strace >/dev/null || { $(APT) strace; } || \
	  echo "no strace: the kill-at-every-syscall test will be skipped"
	@# Half of a test is waiting for processes: three at once keep two cores busy, and steal what is left.
	$(BIN)/pytest -q -n 3 --dist worksteal

jest: $(VENV)/.front
	$(JLPM) test

# What a page loads at its start, and each part that comes later, has a limit.
bundles: $(VENV)/.front
	$(BIN)/python tools/bundles.py

wheel: .venv-kernel/.wheel

# The wheel, alone in a clean environment.
.venv-kernel/.wheel: $(VENV)/.test $(FRONT) tests/wheel.sh $(wildcard jupyter_datum/*.py jupyter_datum/*/*.py)
	bash tests/wheel.sh .venv-kernel
	@touch $@

# The same for kernels: ours and ipykernel, no server. JupyterLab knows it by name.
.venv-kernel/.done: .venv-kernel/.wheel $(VENV)/.front
	.venv-kernel/bin/pip install --quiet --disable-pip-version-check ipykernel
	! .venv-kernel/bin/python -c 'import jupyter_server' 2>/dev/null
	.venv-kernel/bin/python -m ipykernel install --prefix=$(VENV) --name datum-second \
	  --display-name 'Datum second'
	@touch $@

ui: $(VENV)/.test $(VENV)/.front .venv-kernel/.done
	@command -v chromium >/dev/null || { $(APT) chromium; }
	cd ui-tests && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 $(JLPM) install
	$(JLPM) tsc -p ui-tests
	cd ui-tests && $(JLPM) test

test: lint pytest jest bundles wheel ui

bench: $(VENV)/.bench
	$(BIN)/python benchmarks/overhead.py
	$(BIN)/python benchmarks/rerun.py
	$(BIN)/python benchmarks/joins.py
	$(BIN)/python benchmarks/faults.py
	$(BIN)/python benchmarks/pipeline.py
	$(BIN)/python benchmarks/workloads.py
	$(BIN)/python benchmarks/scaling.py
	$(BIN)/python benchmarks/hashing.py

clean:
	rm -rf $(VENV) .venv-kernel $(DEMO) build dist lib node_modules jupyter_datum/labextension ui-tests/node_modules
