# The two commands of the README are `make demo` and `make test`. Each does all its own set-up.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
PY := $(VENV)/bin/python
ENGINE := $(shell find engine -name '*.rs' -o -name 'Cargo.toml' -o -name 'Cargo.lock' 2>/dev/null | grep -v /target/)
# Rust through rustup may stand beside PATH.
export PATH := $(CURDIR)/$(VENV)/bin:$(HOME)/.cargo/bin:$(PATH)
export CARGO_TARGET_DIR ?= $(CURDIR)/engine/target
export CARGO_TERM_COLOR := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup demo test lint bench docs changelog firmware clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## virtual environment with the engine built into it

$(VENV)/.tools: pyproject.toml tools/setup.sh
	@bash tools/setup.sh python rust
	@test -x $(PY) || python3 -m venv $(VENV)
	@$(PY) -m pip install -q --upgrade 'pip>=25.1' 'maturin>=1.7,<2'
	@$(PY) -m pip install -q --group dev
	@touch $@

$(VENV)/.ready: $(VENV)/.tools $(ENGINE)
	@echo "building the engine"
	@$(PY) -m pip install -q --no-build-isolation -e .
	@touch $@

demo: setup ## run the media controller and the lamp, leave pictures in out/demo
	@$(PY) -m demo.media_controller
	@$(PY) -m demo.jinny_lamp

test: setup ## everything that is tested
	@bash tools/setup.sh compiler qemu sigrok gdb browser
	@cd engine && cargo test -q --profile testing --workspace --exclude engine-python
	@$(PY) -m pytest -q -n 2

lint: setup ## formats, types, warnings
	@bash tools/setup.sh lint
	@cd engine && cargo fmt --check
	@cd engine && cargo clippy -q --profile testing --workspace --all-targets -- -D warnings
	@$(VENV)/bin/ruff format --check -q .
	@$(VENV)/bin/ruff check -q .
	@$(VENV)/bin/mypy
	@$(PY) tools/hygiene.py

bench: setup ## speed, side by side with peers
	@bash tools/setup.sh node
	@$(PY) -m bench.run

docs: setup ## the documentation site, into build/site
	@$(PY) tools/gallery.py
	@$(VENV)/bin/mkdocs build -q --strict

changelog: $(VENV)/.tools ## what the next version brings; with VERSION=0.2.0 it goes into CHANGELOG.md
	@$(VENV)/bin/towncrier build $(if $(VERSION),--yes --version $(VERSION),--draft --version next)

firmware: setup ## rebuild our firmware images from source
	@bash tools/setup.sh compiler
	@$(MAKE) -C firmware images PYTHON=$(abspath $(PY)) BUILD=$(CURDIR)/build/firmware

clean: ## remove what was built
	rm -rf build out bench/out engine/target $(VENV)
