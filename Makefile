PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: consult test setup face bench docs clean

# One stamp for each dependency group, so that `make consult` does not pay for the development tools.
$(VENV)/base: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/dev: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $(VENV)/base $@

consult: $(VENV)/base
	$(BIN)/skinbeam consult examples/first-consultation/case.toml -o out/first-consultation

setup: $(VENV)/dev
	@command -v chromium >/dev/null || { \
	  echo "chromium is missing: installing it for the browser tests"; \
	  { test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } \
	  || echo "could not install it; run: sudo apt-get install -y chromium"; }

test: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2

face: $(VENV)/dev
	$(BIN)/python -m pip install --quiet -e ".[face]"
	$(BIN)/python -m pip install --quiet --no-deps mediapipe==0.10.14

bench: $(VENV)/dev
	$(BIN)/python benchmarks/run.py

docs: $(VENV)/dev
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) out site
