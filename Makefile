# Stockpulse: `make run` starts it, `make test` tests it, `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# A file of tests to a process, a process to a core: most tests wait for a store or a browser.
SIDE_BY_SIDE := -n logical --dist loadfile
# Modules are compiled once, not by each of the hundreds of processes that tests start.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help run test check faults contract machine lint fmt type unit integration browser js test-dynamodb-local test-compose setup assets chromium redis ministack lambda lock clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-20s %s\n", $$1, $$2}'

run: setup ## Set up what is missing and start Stockpulse
	@exec $(BIN)/stockpulse serve

test: setup chromium redis ministack js ## Set up what is missing and run every test
	@$(BIN)/pytest $(SIDE_BY_SIDE) tests/unit tests/integration
	@$(BIN)/pytest $(SIDE_BY_SIDE) tests/browser -m 'not alone'
	@$(BIN)/pytest tests/browser -m alone

check: lint type test ## Everything that CI checks

lint: setup ## Style, imports, the house's one direction
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports
	@$(BIN)/python scripts/layout.py

fmt: setup ## Format, and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

type: setup ## Types, strictly
	@$(BIN)/mypy

unit: setup ## The fast tests
	@$(BIN)/pytest $(SIDE_BY_SIDE) tests/unit

integration: setup redis ## Tests against a real engine
	@$(BIN)/pytest $(SIDE_BY_SIDE) tests/integration

browser: setup chromium ## Tests in a real browser
	@$(BIN)/pytest $(SIDE_BY_SIDE) tests/browser -m 'not alone'
	@$(BIN)/pytest tests/browser -m alone

test-dynamodb-local: setup redis ## Tests against the official DynamoDB Local (needs Java 17 and Maven)
	@scripts/dynamodb-local.sh with $(BIN)/pytest $(SIDE_BY_SIDE) tests/integration -m 'not embedded'

test-compose: ## Try docker compose for real (needs Docker)
	@scripts/docker.sh
	@$(MAKE) --silent setup
	@$(BIN)/pytest tests/compose

js: setup ## The page's pure modules
	@node --test tests/js/

chromium:
	@scripts/chromium.sh

redis:
	@scripts/redis.sh

ministack:
	@scripts/ministack.sh

lambda: setup ## Build dist/stockpulse-lambda.zip (PYTHON_VERSION=3.13 ARCH=x86_64)
	@scripts/lambda.sh

lock: setup ## Write the lock files anew
	@scripts/lock.sh

clean: ## Remove everything that can be made again (not the data)
	@find app worker tests bench scripts docs -name __pycache__ -prune -exec rm -rf {} +
	@rm -rf .venv .ministack node_modules static/vendor build dist .schemathesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info

setup: .venv/.ready static/vendor/.ready

.venv/.ready: requirements.lock pyproject.toml
	@scripts/venv.sh $(PYTHON)

static/vendor/.ready: package-lock.json scripts/assets.sh scripts/vendor.sh
	@scripts/assets.sh

# What measures delays has the machine to itself; what mostly waits runs side by side, an engine each.
faults: setup redis ## 20,000 changes while all is killed, stopped, filled up or set back (17 minutes)
	@$(BIN)/pytest -s --durations=0 tests/faults/test_killed_for_long.py
	@$(BIN)/pytest -n 2 --dist load -rP --durations=0 tests/faults/test_two_workers.py tests/faults/test_store_gone.py tests/faults/test_bad_sinks.py

contract: setup ## The whole REST contract under every request that its generator makes (30 minutes)
	@$(BIN)/pytest tests/faults/test_contract_for_long.py

machine: setup ## The state machine on new examples for minutes, and the bugs that it must find
	@HYPOTHESIS_PROFILE=long $(BIN)/pytest tests/unit/worker/machine/test_machine.py -s
	@$(BIN)/pytest -n logical -rP tests/faults/test_machine_teeth.py
