#!/usr/bin/env bash
# Installs the npm packages: the pages' assets and the embedded engine.
set -euo pipefail
cd "$(dirname "$0")/.."

node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null || {
  echo "Stockpulse needs Node.js 20 or newer with npm. Install it, then run make again." >&2
  exit 1
}
. scripts/setup_lock.sh
setup_lock static/vendor/.ready package-lock.json scripts/assets.sh scripts/vendor.sh
echo "Installing npm packages (first run only) …"
npm ci --ignore-scripts --silent

# The lock file has the engine for Linux x64; other platforms install their own package, unsaved.
# If there is none, Stockpulse names the alternatives when it starts.
platform=$(node -p '`${process.platform}-${process.arch}`')
if [ "$platform" != linux-x64 ]; then
  version=$(node -p 'require("./package.json").optionalDependencies["@dynoxide/linux-x64"]')
  npm install --no-save --no-package-lock --ignore-scripts --silent "@dynoxide/$platform@$version" || true
fi
scripts/vendor.sh
touch static/vendor/.ready
