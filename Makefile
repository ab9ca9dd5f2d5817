# `make serve` opens the page, `make demo` colours a photograph, `make test` checks everything. All of them set up what they
# need in .venv.
# `make benchmark` measures the bundled models, on photographs that you give it.
# Another interpreter: make PYTHON=python3.12 …   Another environment: make VENV=/somewhere …

VENV ?= .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet install

# The newest Python from 3.11 up that really runs: a version manager's shim can be there and still fail.
PYTHON ?= $(shell for python in python3.14 python3.13 python3.12 python3.11 python3; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && command -v "$$python" && break; done)

# Training needs PyTorch; its CPU build is a tenth of the size of the default one and has an index of its own.
TORCH := torch==2.13.0
TORCH_INDEX := https://download.pytorch.org/whl/cpu

PICTURE := docs/pictures/migrant_mother.jpg
RESULT := demo/migrant_mother-colour.jpg

REPORT := report

.DELETE_ON_ERROR:
.PHONY: help serve demo test lint format benchmark benchmark-wants clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

serve: $(VENV)/.installed-serve ## Open the page in the browser: photographs are coloured on this machine
	@$(VENV)/bin/photochrom serve --open

demo: $(VENV)/.installed ## Colour a photograph of 1936, say where the result is and how long it took
	@mkdir -p $(dir $(RESULT))
	@$(VENV)/bin/photochrom colorize $(PICTURE) -o $(RESULT) --overwrite

test: lint ## Check everything: lint, then the tests
	$(PY) -m pytest

lint: $(VENV)/.installed-dev ## Style, types and import rules
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo

format: $(VENV)/.installed-dev ## Bring the code into the house style
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

# Also SPLIT=val where DATA is a manifest, POINTS=points.csv, AGED=1, LIMIT=100, and REPORT=folder for where it goes.
benchmark: benchmark-wants $(VENV)/.installed-dev ## Report on the bundled models: DATA=photographs METRIC_WEIGHTS=folder [LABELS=csv]
	$(VENV)/bin/photochrom evaluate --data "$(DATA)" --metric-weights "$(METRIC_WEIGHTS)" --report "$(REPORT)" \
		$(if $(LABELS),--labels "$(LABELS)") $(if $(SPLIT),--split "$(SPLIT)") $(if $(POINTS),--points "$(POINTS)") \
		$(if $(AGED),--aged) $(if $(LIMIT),--limit "$(LIMIT)") \
		$$($(PY) -c 'from photochrom.runtime.registry import bundled; print(*(f"--model={name}" for name in bundled()))')

benchmark-wants:
	@if [ -z "$(DATA)" ] || [ -z "$(METRIC_WEIGHTS)" ]; then \
		echo "Say on what: make benchmark DATA=photographs.tar METRIC_WEIGHTS=folder (evaluate --help tells of both)" >&2; exit 2; fi

clean: ## Remove what make has made
	rm -rf $(VENV) $(dir $(RESULT)) report build dist

$(PY):
	@if [ -z "$(PYTHON)" ]; then \
		echo "No Python 3.11 or newer found. Install one (Debian, Ubuntu: sudo apt install python3 python3-venv; macOS: brew install python), then run make again." >&2; exit 1; fi
	@"$(PYTHON)" -m venv $(VENV) >/dev/null 2>&1 || { rm -f $(PY); \
		echo "'$(PYTHON) -m venv $(VENV)' failed. Install Python's venv module (Debian, Ubuntu: sudo apt install python3-venv), then run make again." >&2; exit 1; }

$(VENV)/.installed: pyproject.toml | $(PY)
	$(PIP) --editable .
	@touch $@

$(VENV)/.installed-serve: pyproject.toml | $(PY)
	$(PIP) --editable '.[serve]'
	@touch $@ $(VENV)/.installed

# PyTorch alone from its index (--no-deps: its own needs come from PyPI with the rest). No index, no harm: after
# some seconds pip goes on without it.
$(VENV)/.installed-dev: pyproject.toml | $(PY)
	$(PIP) --no-deps --retries 0 --timeout 15 --extra-index-url $(TORCH_INDEX) $(TORCH)
	$(PIP) --editable '.[train,dev]'
	@touch $@ $(VENV)/.installed-serve $(VENV)/.installed
