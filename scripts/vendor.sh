#!/usr/bin/env bash
# Copies the files that pages load from npm packages into static/vendor/, which git ignores.
# The source is the first argument, else $NODE_MODULES, else ./node_modules.
set -euo pipefail
cd "$(dirname "$0")/.."
modules=${1:-${NODE_MODULES:-node_modules}}
files=(
  uplot/dist/uPlot.esm.js
  uplot/dist/uPlot.min.css
  @picocss/pico/css/pico.min.css
  swagger-ui-dist/swagger-ui-bundle.js
  swagger-ui-dist/swagger-ui.css
)
for file in "${files[@]}"; do
  if [[ ! -f $modules/$file ]]; then
    echo "vendor: $modules/$file is missing; run npm ci --ignore-scripts first" >&2
    exit 1
  fi
done
# Its name in the package says nothing.
scanner=$modules/@zxing/library/umd/index.min.js
[[ -f $scanner ]] || { echo "vendor: $scanner is missing; run npm ci --ignore-scripts first" >&2; exit 1; }
mkdir -p static/vendor
install -m 0644 "$scanner" static/vendor/zxing.min.js
for file in "${files[@]}"; do
  install -m 0644 "$modules/$file" static/vendor/
done
