# `make demo` and `make test` do everything by themselves where there is git, make and Python 3.11.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

# What nobody tried before; fuzz-long goes on for hours.
PROFILE := fuzz
FUZZED := tests/integration/hooks/test_fuzzing.py tests/integration/test_fuzzed_files.py

.PHONY: all lint types layers test fuzz demo up bench clean

all: lint types layers test

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(READY)
	$(BIN)/mypy

layers: $(READY)
	$(BIN)/lint-imports

test: $(READY)
	$(BIN)/pytest

fuzz: $(READY)
	$(BIN)/pytest $(FUZZED) --hypothesis-profile=$(PROFILE)

demo: $(READY)
	@$(BIN)/python tests/acceptance/demo.py

up: $(READY)
	$(BIN)/rtkq up .

bench: $(READY)
	$(BIN)/python -m tests.benchmarks

clean:
	rm -rf $(VENV) dist .*_cache .hypothesis

# The stamp is as old as the last installation, which pyproject.toml alone decides.
$(READY): pyproject.toml
	@echo "installing rtkq and its tools into $(VENV)"
	@rm -rf $(VENV)
	@if command -v uv >/dev/null; then \
	    uv venv --quiet --python '>=3.11' $(VENV) && \
	    uv pip install --quiet --python $(BIN)/python --editable '.[mcp]' --group dev; \
	else \
	    $(find_python); \
	    $$python -m venv $(VENV) && \
	    $(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1' && \
	    $(BIN)/python -m pip install --quiet --editable '.[mcp]' --group dev; \
	fi
	@touch $@

# A name on PATH proves nothing: version managers put one there that only complains.
define find_python
for python in python3.13 python3.12 python3.11 python3 none; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
done; \
[ $$python != none ] || { echo 'rtkq needs Python 3.11 or newer' >&2; exit 1; }
endef
