PYTHON ?= python3
VENV := .venv
FIT := .venv-fit
BIN := $(VENV)/bin
COMMA := ,
# `research` is not installed; scripts of docs/ import it.
export PYTHONPATH := $(CURDIR)
# Byte code is kept, also where the environment says otherwise: without it, half of the time to collect the tests goes
# into rewriting their assertions again, in each worker.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: atlas audit consult serve example test check setup face bench validate derived docs pages pictures evidence evidence-report practice practice-report lock clean

# Install $(2) into the environment $(1); what pip says is printed only when it fails.
define pip_install
	@echo 'pip install $(2)'; said=$$($(1)/bin/python -m pip install --quiet --disable-pip-version-check $(2) 2>&1) \
	  || { echo "$$said" >&2; exit 1; }
endef

# Into the environment $(1): exactly what the lock file $(2) holds, each file known by its hash and none built here, and
# then the packages $(3) of this repository alone.
define install_locked
	@test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
	$(call pip_install,$(1),--require-hashes --no-deps --only-binary :all: -r requirements/$(2).lock)
	$(call pip_install,$(1),--no-deps --no-build-isolation $(3))
endef

# One stamp for each dependency group, so that `make consult` does not pay for the development tools.
$(VENV)/base: pyproject.toml requirements/base.lock
	$(call install_locked,$(VENV),base,-e .)
	touch $@

$(VENV)/dev: pyproject.toml skinbeam_clinic/pyproject.toml requirements/base.lock requirements/dev.lock
	$(call install_locked,$(VENV),dev,-e . -e ./skinbeam_clinic)
	touch $(VENV)/base $@

consult: $(VENV)/base
	$(BIN)/skinbeam consult examples/first-consultation/case.toml -o out/first-consultation

# A clinic of synthetic people in a browser; nothing of it outlives the program.
serve: $(VENV)/dev
	$(BIN)/skinbeam serve --demo

# The report and the leaflet that the manual shows; a test says when they are old.
example: $(VENV)/base
	$(BIN)/skinbeam consult examples/consultations/acne-scars-III.toml -o out/example
	mkdir -p docs/example
	cp out/example/report.pdf out/example/leaflet.pdf docs/example

setup: $(VENV)/dev
	@command -v chromium >/dev/null || { \
	  echo "chromium is missing: installing it for the browser tests"; \
	  { test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } \
	  || echo "could not install it; run: sudo apt-get install -y chromium"; }
	@ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || { \
	  echo "PostgreSQL is missing: installing it for the tests of records"; \
	  { test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql; } \
	  || echo "could not install it; run: sudo apt-get install -y postgresql"; }

# Kernels are compiled on one core while the other lints: each worker would compile them for itself.
test: setup
	$(BIN)/python tests/helpers/warm.py & warm=$$!; \
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports; \
	linted=$$?; wait $$warm && exit $$linted
	$(BIN)/python -m pytest -n 2 --dist worksteal

# What `make test` leaves out: the browser, the manual and its commands, the simulated graphics card, many plans. Of two
# workers one often waits for a browser, a server or a killed program; a third computes in the meantime.
check: setup
	$(BIN)/python -m pytest -n 3 --dist worksteal -m 'check and not long'

face: $(VENV)/dev
	$(call pip_install,$(VENV),-e ".[face]")
	$(call pip_install,$(VENV),--no-deps mediapipe==0.10.14)

# Checks that take minutes; they print what they find.
validate: $(VENV)/dev
	$(BIN)/python -m pytest -m long -s tests
	$(BIN)/skinbeam validate -o build/validation

# Every computed table whose inputs have changed, in one go: minutes, hours where the evidence is fitted again.
# One alone, changed or not: .venv/bin/python -m research.derived_tables NAME
derived: $(VENV)/dev $(FIT)/fit
	$(BIN)/python -m research.derived_tables
	$(FIT)/bin/python -m research.burn_calibration derived
	$(BIN)/python -m research.derived_tables # those that read the calibration
	$(FIT)/bin/python -m research.evidence_fit derived

# What a plan chooses for 1,000 virtual patients and for every colour, on twelve devices, and the pages of it; it goes on
# where it was cut off. On a cluster: make atlas ATLAS="--people 100000 --cluster tls://scheduler:8786"
ATLAS :=
atlas: $(VENV)/dev
	$(BIN)/python -m research.atlas -o docs/atlas/atlas.json $(ATLAS)
	$(BIN)/python docs/atlas_pages.py

bench: $(VENV)/dev
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/consultation.py
	$(BIN)/python benchmarks/light.py
	$(BIN)/python benchmarks/heat.py
	$(BIN)/python benchmarks/clinic.py
	$(BIN)/python benchmarks/photo.py
	$(BIN)/python benchmarks/sweep.py

# The sampler holds Numba back, so it has an environment of its own.
$(FIT)/fit: pyproject.toml requirements/fit.lock
	$(call install_locked,$(FIT),fit,-e .)
	touch $@

evidence: $(FIT)/fit
	$(FIT)/bin/python -m research.evidence_fit fit

evidence-report: $(VENV)/dev $(FIT)/fit
	$(FIT)/bin/python -m research.evidence_fit report
	$(BIN)/python docs/evidence_figures.py

# How far computed doses that burn lie from published ones, and what that foretells of sources it has not seen.
practice: $(VENV)/dev $(FIT)/fit
	$(BIN)/python -m research.derived_tables practice_doses
	$(FIT)/bin/python -m research.burn_calibration fit

practice-report: $(VENV)/dev $(FIT)/fit
	$(FIT)/bin/python -m research.burn_calibration report
	$(BIN)/python docs/practice_figure.py
	$(BIN)/python docs/generate.py

docs: $(VENV)/dev
	$(BIN)/mkdocs build --strict

# The parts of the manual that follow from the package: command help, tables of keys, names, limits, sources, layers.
pages: $(VENV)/dev
	$(BIN)/python docs/generate.py

# The pictures of README and manual: the report as it is now, and a pulse in a vessel.
pictures: setup
	$(BIN)/python docs/pictures.py
	$(BIN)/python examples/pulse-in-a-vessel/draw.py -o docs/images

# Versions and hashes of all dependencies, for every Python and system at once. A version that still fits the bounds of
# pyproject.toml stays; removing a lock file first takes the newest of all.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
  --no-emit-index-url --no-annotate --custom-compile-command "make lock" --group build
CLINIC := skinbeam_clinic/pyproject.toml --no-emit-package skinbeam --extra exchange

lock:
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(call pip_install,$(VENV),"uv>=0.13$(COMMA)<0.14")
	$(LOCK) pyproject.toml --output-file requirements/base.lock
	$(LOCK) pyproject.toml $(CLINIC) --extra dev --extra parquet --constraint requirements/base.lock --output-file requirements/dev.lock
	$(LOCK) pyproject.toml $(CLINIC) --extra heic --constraint requirements/dev.lock --output-file requirements/serve.lock
	$(LOCK) pyproject.toml --extra fit --constraint requirements/base.lock --output-file requirements/fit.lock
	$(BIN)/python requirements/bill_of_materials.py

# Whether a locked version has a weakness that is known. It asks pypi.org, so it is no part of the tests; a version that
# nobody there knows fails it, too.
audit:
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(call pip_install,$(VENV),"uv>=0.13$(COMMA)<0.14")
	$(BIN)/uv tool run --from "pip-audit>=2.9,<3" pip-audit --strict --disable-pip --require-hashes \
	  -r requirements/base.lock -r requirements/dev.lock -r requirements/serve.lock -r requirements/fit.lock

clean:
	rm -rf $(VENV) $(FIT) build out site
