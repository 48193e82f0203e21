#!/usr/bin/env bash
# Creates .venv from the lock file with hashes, with the given interpreter (default: python3).
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-python3}
. scripts/setup_lock.sh

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
  echo "Stockpulse needs Python 3.11 or newer. To use another one: make PYTHON=/path/to/python3 …" >&2
  exit 1
}
setup_lock .venv/.ready requirements.lock pyproject.toml
echo "Installing Python packages (first run only) …"
"$python" -m venv .venv || {
  echo "Python cannot create virtual environments. On Debian: apt-get install python3-venv" >&2
  exit 1
}
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
touch .venv/.ready
