#!/usr/bin/env bash
# Makes .venv from the hashed lock, with the interpreter given (default: python3).
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-python3}
. scripts/setup_lock.sh

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
  echo "Stockpulse needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3 …" >&2
  exit 1
}
setup_lock .venv/.ready requirements.lock pyproject.toml
echo "Setting up Python packages (once) …"
"$python" -m venv .venv || {
  echo "Python cannot make virtual environments here; on Debian: apt-get install python3-venv" >&2
  exit 1
}
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
touch .venv/.ready
