#!/usr/bin/env bash
# Says in one line what keeps `docker compose` from working here, if anything does.
set -euo pipefail
if ! command -v docker >/dev/null; then
  echo 'No Docker on this machine: install Docker Engine with its compose plugin.' >&2
elif ! docker compose version >/dev/null 2>&1; then
  echo 'Docker is here without `docker compose`: install its compose plugin (2.24 or newer).' >&2
elif ! docker info >/dev/null 2>&1; then
  echo 'The Docker engine does not answer: start it, or let this user reach it.' >&2
else
  exit 0
fi
exit 1
