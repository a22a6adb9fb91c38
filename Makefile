# `make run` starts the dashboard, `make test` runs all tests; both set up .venv first.

MODEL ?= demo
ADAPTER ?=
TOKEN ?=
PORT ?= 8501
# Each test process loads torch anew, so many of them cost more than they save. One more than there
# are cores, as the browser's tests wait for most of their time.
WORKERS ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 4 ? cores + 1 : 4)))
PYTHON ?= python3

BIN := .venv/bin
# A copy of the requirements that were installed last.
INSTALLED := .venv/requirements.installed
RECENT := import sys; sys.exit(sys.version_info < (3, 11))

# Idle threads that spin take the cores from the page that waits for them.
export OMP_WAIT_POLICY = passive
export PIP_DISABLE_PIP_VERSION_CHECK = 1

# Names under which a proxy of yours, such as JupyterHub's, hands the pages on: others are refused.
ALLOWED_HOSTS ?=
comma := ,
HOSTS = $(if $(ALLOWED_HOSTS),$(foreach host,localhost 127.0.0.1 \
  $(subst $(comma), ,$(ALLOWED_HOSTS)),--server.allowedHosts $(host)))

.DEFAULT_GOAL := help
.PHONY: help setup run test matrix rows lint bench docs

help:
	@echo "make run     start the dashboard with the built-in demo model"
	@echo "             [MODEL=smollm2 | qwen3-14b | llama-3.2-3b | hub id | folder | .gguf]"
	@echo "             [ADAPTER=...] [PORT=8501] [TOKEN=auto] [ALLOWED_HOSTS=hub.example.org];"
	@echo "             the sidebar can change the model later"
	@echo "make test    run all tests on the CPU"
	@echo "make matrix  the cases that the suite leaves out of its largest tests"
	@echo "make rows    use the pages in a real browser as a reader does; takes minutes"
	@echo "make bench   compare the speed of every job with the committed ratios"
	@echo "make lint    check style and types"
	@echo "make docs    build docs/ into site/, in an environment of its own"

setup:
	@set -e; found=""; \
	if ! $(BIN)/python -c "$(RECENT)" 2>/dev/null; then \
	  for python in "$(PYTHON)" python3.13 python3.12 python3.11; do \
	    if "$$python" -c "$(RECENT)" 2>/dev/null; then \
	      found="$$python"; break; \
	    fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "Vectorscope needs Python 3.11 or newer, and none was found" \
	      "($(PYTHON): $$("$(PYTHON)" --version 2>/dev/null || echo missing))." \
	      "Install one or name it: make $@ PYTHON=/path/to/python3.12" >&2; \
	    exit 1; \
	  fi; \
	  echo "Making .venv with $$found"; \
	  rm -rf .venv; \
	  "$$found" -m venv .venv || { rm -rf .venv; \
	    echo "No .venv could be made: install the venv module (Debian: apt install python3-venv)." >&2; \
	    exit 1; }; \
	fi; \
	if ! cmp -s requirements.txt $(INSTALLED); then \
	  echo "Installing requirements.txt (the first time takes a few minutes)"; \
	  $(BIN)/python -m pip install --quiet -r requirements.txt; \
	  cp requirements.txt $(INSTALLED); \
	fi

run: export VECTORSCOPE_MODEL = $(MODEL)
run: export VECTORSCOPE_ADAPTER = $(ADAPTER)
run: export VECTORSCOPE_TOKEN = $(TOKEN)
run: setup
	@echo
	@echo "  Vectorscope with $(MODEL): http://localhost:$(PORT)"
	@echo "  From your own machine:  ssh -L $(PORT):localhost:$(PORT) <box>"
	@echo
	@exec $(BIN)/python -m streamlit run dashboard/$(if $(TOKEN),guarded,app).py \
	  --server.address 127.0.0.1 --server.port $(PORT) $(HOSTS)

# Without compiled files each of some forty processes would compile all modules anew.
test: export PYTHONDONTWRITEBYTECODE =
# In the order of their names: the browser's tests, which wait most and last longest, come first.
test: setup
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=10

# The cases that the suite leaves out for time, of tests that hold for many models or many pages.
matrix: export PYTHONDONTWRITEBYTECODE =
matrix: setup
	@$(BIN)/python -m pytest -n $(WORKERS) --dist load --matrix --durations=10

rows: setup
	@$(BIN)/python -m pytest tests/browser/rows --rows --durations=10

bench: setup
	@$(BIN)/python -m engine bench --quick --compare data/bench/demo_quick.json

lint: setup
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

# In an environment of its own: nothing else needs these packages, and `make setup` stays as it is.
DOCS := .venv-docs
docs: setup
	@if ! cmp -s requirements-docs.txt $(DOCS)/requirements.installed; then \
	  echo "Installing requirements-docs.txt"; \
	  $(BIN)/python -m venv $(DOCS) && \
	  $(DOCS)/bin/python -m pip install --quiet -r requirements-docs.txt && \
	  cp requirements-docs.txt $(DOCS)/requirements.installed; \
	fi
	@NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --quiet --strict
	@echo "Open site/index.html"
