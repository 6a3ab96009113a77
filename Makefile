.DEFAULT_GOAL := help
.PHONY: help run test check lint types imports fmt bench simulate chaos catalogue clean

PY ?= python3
OUT ?=
WORKERS ?= 2
ARGS ?=
BIN := .venv/bin
READY := .venv/.ok
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# A virtual environment works only where it was made: one that came along with a copy is made anew.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
.PHONY: $(READY)
endif

help: ## Show what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(READY) ## Start everything here: PostgreSQL, NATS, every service; Ctrl-C stops it, data stays
	@TUAN_CHANNEL_FAULT_RATE=$${TUAN_CHANNEL_FAULT_RATE:-0.05} exec $(BIN)/tuan up

test: $(READY) ## Run the tests on real PostgreSQL, NATS and processes; ARGS="-k name" picks
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

check: lint types imports ## Check style, types, and who imports whom

lint: $(READY) ## Check style: Python with ruff, migrations with squawk
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/squawk --assume-in-transaction \
	  --exclude=prefer-bigint-over-int,require-lock-timeout,require-statement-timeout \
	  infra/migrations/*/*.sql > .venv/squawk.txt 2>&1 || { cat .venv/squawk.txt; exit 1; }

types: $(READY) ## Check types strictly
	@$(BIN)/mypy .

imports: $(READY) ## Check who imports whom
	@$(BIN)/lint-imports

fmt: $(READY) ## Format the code and sort imports
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

bench: $(READY) ## Measure; OUT=file writes JSON too
	@$(BIN)/python -m tests.benchmarks $(if $(OUT),--out "$(OUT)") $(ARGS)

simulate: $(READY) ## Play a world through the API and judge it; ARGS="--seed 7"
	@$(BIN)/tuan simulate $(ARGS)

chaos: $(READY) ## Let everything fail around a world, and certify what held; ARGS="--seed 7 --minutes 5" or ARGS=--ci
	@$(BIN)/tuan chaos $(ARGS)

catalogue: $(READY) ## Write docs/events.md and the tables of docs/ledger.md anew
	@$(BIN)/python -m tests.architecture.catalogue
	@$(BIN)/python -m tests.architecture.books

clean: ## Forget all data of `make run` here: databases, logs, keys
	@if [ -x $(BIN)/tuan ]; then $(BIN)/tuan forget; else rm -rf .tuan; fi

$(READY): requirements.lock
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or later is needed, and '$(PY)' is not: try make PY=python3.12"; exit 1; }
	@[ "$$(cat $(READY) 2>/dev/null)" = "$(CURDIR)" ] || { \
	  rm -rf .venv; echo "making a virtual environment in .venv"; \
	  $(PY) -m venv .venv > /dev/null && $(BIN)/python -m pip --version > /dev/null; } || { \
	  rm -rf .venv; \
	  echo "'$(PY) -m venv' does not work here: on Debian or Ubuntu, apt-get install python3-venv"; exit 1; }
	@echo "installing packages from requirements.lock"
	@$(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements.lock
	@printf '#!/bin/sh\nPYTHONPATH="%s" exec "%s/.venv/bin/python" -P -m infra "$$@"\n' \
	  "$(CURDIR)" "$(CURDIR)" > $(BIN)/tuan
	@chmod +x $(BIN)/tuan
	@echo "$(CURDIR)" > $(READY)
