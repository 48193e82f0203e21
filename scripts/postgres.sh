#!/usr/bin/env bash
# Installs PostgreSQL for the tests if it can. Debian keeps its programs out of the path.
set -euo pipefail
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && exit 0
exec "$(dirname "$0")/server.sh" postgresql initdb
