#!/usr/bin/env bash
# Checks that `docker compose` works here; if not, prints the reason and the remedy in one line.
set -euo pipefail
if ! command -v docker >/dev/null; then
  echo 'Docker is not installed. Install Docker Engine with its compose plugin (2.24 or newer).' >&2
elif ! docker compose version >/dev/null 2>&1; then
  echo 'Docker has no `docker compose`. Install its compose plugin (2.24 or newer).' >&2
elif ! docker info >/dev/null 2>&1; then
  echo 'The Docker engine does not answer. Start it, or give this user access to it.' >&2
else
  exit 0
fi
exit 1
