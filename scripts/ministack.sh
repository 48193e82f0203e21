#!/usr/bin/env bash
# Installs MiniStack, an AWS emulator in one process with Lambda event source mappings, for tests.
# It has a virtual environment of its own (.ministack/), because it pins another botocore. Functions
# run on this environment's Python; their zip contains everything else that they import.
set -euo pipefail
cd "$(dirname "$0")/.."
lock=requirements.ministack.lock
ready=.ministack/.ready
if [ -e "$ready" ] && [ ! "$lock" -nt "$ready" ]; then
  exit 0
fi
echo "Installing MiniStack for the Lambda tests (first run only) …"
# The same Python version as .venv, so that the tests need one zip only.
.venv/bin/python -m venv --clear .ministack
if .ministack/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$lock"; then
  touch "$ready"
else
  rm -rf .ministack
  echo 'MiniStack could not be installed: the tests of the Lambda event source mapping will be skipped.' >&2
  [ -z "${CI:-}" ]
fi
