#!/usr/bin/env bash
# Installs the npm packages: the page's assets and the embedded engine.
set -euo pipefail
cd "$(dirname "$0")/.."

node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null || {
  echo "Stockpulse needs Node.js 20 or newer (for npm and the engine's package)." >&2
  exit 1
}
. scripts/setup_lock.sh
setup_lock static/vendor/.ready package-lock.json scripts/assets.sh scripts/vendor.sh
echo "Setting up npm packages (once) …"
npm ci --ignore-scripts --silent

# The lock holds the engine for Linux x64; elsewhere its sister package is fetched, unsaved.
# Where there is none, Stockpulse itself says which other ways there are.
platform=$(node -p '`${process.platform}-${process.arch}`')
if [ "$platform" != linux-x64 ]; then
  version=$(node -p 'require("./package.json").optionalDependencies["@dynoxide/linux-x64"]')
  npm install --no-save --no-package-lock --ignore-scripts --silent "@dynoxide/$platform@$version" || true
fi
scripts/vendor.sh
touch static/vendor/.ready
