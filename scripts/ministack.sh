#!/usr/bin/env bash
# MiniStack, an AWS of one process with Lambda and its event source mapping, for the tests: in a
# virtual environment of its own (.ministack/), because it pins a botocore of its own.
# Functions run on this environment's Python; the zip brings everything else that they import.
set -euo pipefail
cd "$(dirname "$0")/.."
lock=requirements.ministack.lock
ready=.ministack/.ready
if [ -e "$ready" ] && [ ! "$lock" -nt "$ready" ]; then
  exit 0
fi
echo "Setting up MiniStack for the Lambda tests (once) …"
# The same Python as ours, so that one zip serves for the tests whatever runs them.
.venv/bin/python -m venv --clear .ministack
if .ministack/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$lock"; then
  touch "$ready"
else
  rm -rf .ministack
  echo 'No MiniStack: the tests of the Lambda function on an event source mapping will be skipped.' >&2
  [ -z "${CI:-}" ]
fi
