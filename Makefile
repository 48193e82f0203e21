# `make run` starts Stockpulse, `make test` tests it, `make help` lists all targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# One process more than cores, because tests also wait; each test file in one process. Files begin in
# the order of tests/conftest.py, and unit tests, whose files are short, come last.
SIDE_BY_SIDE := -n $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1))) --dist loadfile --no-loadscope-reorder
# Write bytecode, so that the hundreds of processes that tests start need not compile modules again.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run test check faults contract machine history lint fmt type unit unit-half unit-rest integration browser js test-dynamodb-local test-opensearch test-compose setup assets chromium redis nginx postgres ministack lambda lock clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-20s %s\n", $$1, $$2}'

run: setup ## Install what is missing and start Stockpulse
	@exec $(BIN)/stockpulse serve

test: setup chromium redis nginx postgres ministack js ## Install what is missing and run every test
	@$(BIN)/pytest $(SIDE_BY_SIDE) tests/integration tests/unit
	@$(BIN)/pytest $(SIDE_BY_SIDE) tests/browser -m 'not alone'
	@$(BIN)/pytest tests/browser -m alone

check: lint type test ## Run lint, type and test, as CI does

lint: setup ## Check formatting, style, import layers and file layout
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports
	@$(BIN)/python scripts/layout.py

fmt: setup ## Format the code and apply automatic fixes
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

type: setup ## Check types: Python with mypy in strict mode, JavaScript with tsc
	@$(BIN)/mypy
	@scripts/types.sh

# Two halves, each in a process of its own: pytest-xdist spends 3 seconds on the reports of so many
# short tests.
HALF := tests/unit/filters tests/unit/observability tests/unit/web tests/unit/worker
unit: setup ## Run the unit tests
	@$(MAKE) --silent --jobs=2 --output-sync --keep-going unit-half unit-rest

unit-half:
	@$(BIN)/pytest -q $(HALF)

unit-rest:
	@$(BIN)/pytest -q tests/unit $(HALF:%=--ignore=%)

integration: setup redis nginx postgres ## Run the integration tests against a real engine
	@$(BIN)/pytest $(SIDE_BY_SIDE) tests/integration

browser: setup chromium ## Run the tests in a real browser
	@$(BIN)/pytest $(SIDE_BY_SIDE) tests/browser -m 'not alone'
	@$(BIN)/pytest tests/browser -m alone

# Receivers of messages, the wire and files do not depend on the engine.
ANY_ENGINE := channels contract demo exports growth proxy replica sinks start webhook wire
test-dynamodb-local: setup redis nginx ## Run the integration tests that use the store against DynamoDB Local (needs Java 17 and Maven)
	@scripts/dynamodb-local.sh with $(BIN)/pytest $(SIDE_BY_SIDE) tests/integration -m 'not embedded' $(ANY_ENGINE:%=--ignore=tests/integration/%)

# One process: the tests share one node, which takes 270 MB.
test-opensearch: setup ## Run the tests of the search index on a real OpenSearch node (needs a JDK 17 and Maven)
	@scripts/opensearch.sh install >/dev/null
	@$(BIN)/pytest tests/opensearch

test-compose: ## Test docker compose (needs Docker)
	@scripts/docker.sh
	@$(MAKE) --silent setup
	@$(BIN)/pytest tests/compose

js: setup ## Run the tests of the JavaScript modules
	@node --test tests/js/

chromium:
	@scripts/chromium.sh

redis:
	@scripts/server.sh redis-server redis-server valkey-server

nginx:
	@scripts/server.sh nginx nginx

postgres:
	@scripts/postgres.sh

ministack:
	@scripts/ministack.sh

lambda: setup ## Build dist/stockpulse-lambda.zip (PYTHON_VERSION=3.13 ARCH=x86_64)
	@scripts/lambda.sh

lock: setup ## Update the lock files
	@scripts/lock.sh

clean: ## Remove everything that can be rebuilt (not the data)
	@find app worker tests bench scripts docs -name __pycache__ -prune -exec rm -rf {} +
	@rm -rf .venv .ministack node_modules scripts/types/node_modules static/vendor build dist .schemathesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info

setup: .venv/.ready static/vendor/.ready

.venv/.ready: requirements.lock pyproject.toml
	@scripts/venv.sh $(PYTHON)

static/vendor/.ready: package-lock.json scripts/assets.sh scripts/vendor.sh
	@scripts/assets.sh

# Tests that measure delays run alone; tests that mostly wait run side by side, with an engine each.
faults: setup chromium redis postgres ## Write 20,000 changes while parts fail, and attack the server (50 minutes)
	@$(BIN)/pytest -s --durations=0 tests/faults/test_killed_for_long.py
	@$(BIN)/pytest -n 2 --dist load -rP --durations=0 tests/faults/test_two_workers.py tests/faults/test_store_gone.py tests/faults/test_bad_sinks.py tests/faults/sinks tests/faults/recipients tests/faults/stocktake tests/faults/attack
	@$(BIN)/pytest --durations=0 tests/faults/pages

contract: setup ## Test the REST contract with all generated requests (30 minutes)
	@$(BIN)/pytest tests/faults/test_contract_for_long.py

machine: setup ## Run properties and state machine on new examples, and with bugs that it must find
	@HYPOTHESIS_PROFILE=long HYPOTHESIS_EXAMPLES=1000 $(BIN)/pytest -n logical --dist loadfile -m hypothesis tests/unit
	@HYPOTHESIS_PROFILE=long $(BIN)/pytest tests/unit/worker/machine/test_machine.py -s
	@$(BIN)/pytest -n logical -rP tests/faults/test_machine_teeth.py

history: setup ## Compare every figure of a year of 1,000,000 events with DuckDB (hours)
	@STOCKPULSE_TEST_YEAR=1000000 $(BIN)/pytest --durations=0 tests/integration/readmodel/test_year.py
