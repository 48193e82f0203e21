#!/usr/bin/env bash
# Checks the types of the pages' modules: tsc reads their JSDoc. Vendored modules are not ours to check.
set -euo pipefail
cd "$(dirname "$0")/.."
stamp=scripts/types/node_modules/.ready
if [ ! "$stamp" -nt scripts/types/package-lock.json ]; then
  npm ci --prefix scripts/types --ignore-scripts --silent
  touch "$stamp"
fi
found=$(scripts/types/node_modules/.bin/tsc -p scripts/types --pretty false | awk '/^[^ ]/ { ours = !/^static\/vendor/ } ours') || true
[ -z "$found" ] || { echo "$found" >&2; exit 1; }
