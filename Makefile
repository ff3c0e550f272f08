# Everything here works from a fresh clone with Python 3.11 or newer, make and a package index.
# The first target that needs it makes .venv; PYTHON=/path/to/python chooses another Python than the one found.

.DEFAULT_GOAL := help
.PHONY: help setup test lint types unit slow demo docs bench clean

BIN := .venv/bin
READY := .venv/.ready
# Options for pytest, for example: make unit PYTEST_FLAGS='-k zip -x'
PYTEST_FLAGS ?=
# Tests sync thousands of files: where memory offers a file system with room, they do it there, five times as fast.
TESTS_TMP := $(shell [ -w /dev/shm ] && [ "$$(df -Pk /dev/shm | awk 'NR == 2 {print $$4}')" -gt 6000000 ] && echo /dev/shm)
# Options for the demo, for example: make demo DEMO_FLAGS='--size 2GiB'
DEMO_FLAGS ?=
# Options for the benchmarks, for example: make bench BENCH_FLAGS='--scale 0.1'
BENCH_FLAGS ?=

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-8s%s\n", $$1, $$2}' Makefile

setup: $(READY) ## Make .venv with exactly the versions of uv.lock

$(READY): pyproject.toml uv.lock tools/setup tools/find-python tools/locked.py
	@PYTHON='$(PYTHON)' tools/setup
	@touch $@

test: lint types unit ## Run every check and every test

lint: $(READY) ## Check style, formatting and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: $(READY) ## Check types
	$(BIN)/mypy

unit: $(READY) ## Run the tests, one process for each core
	$(if $(TESTS_TMP),TMPDIR=$(TESTS_TMP)) $(BIN)/pytest -n auto --dist worksteal $(PYTEST_FLAGS)

slow: $(READY) ## Run the tests that take minutes or tens of gigabytes
	$(BIN)/pytest -m slow $(PYTEST_FLAGS)

demo: $(READY) ## Archive a tree of frames, get the blue ones back, compare every byte
	@$(BIN)/python -m examples.demo $(DEMO_FLAGS)

docs: $(READY) ## Build the site and the man pages from docs/ into build/docs
	@$(BIN)/sphinx-build -q -W --keep-going -b html -d build/docs/.doctrees docs build/docs/html
	@$(BIN)/sphinx-build -q -W --keep-going -b man -d build/docs/.doctrees docs build/docs/man
	@echo "The site: build/docs/html/index.html   A man page: man -l build/docs/man/coldframe.1"

bench: ## Measure against the machine's limits and other tools (long; needs 70 GB of disk)
	@PYTHON='$(PYTHON)' tools/setup bench
	@$(BIN)/python -m benchmarks $(BENCH_FLAGS)

clean: ## Remove what make made, .venv and the demo included
	rm -rf .venv demo .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist docs/commands docs/library
