#!/usr/bin/env bash
# Installs nginx for the tests if it can; otherwise prints that they will be skipped.
# It installs only the program and leaves no server running.
set -euo pipefail
command -v nginx >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing nginx for the tests …"
  apt-get update -qq
  # The package would start a server on port 80; a policy prevents that.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx >/dev/null
else
  echo "No nginx: the tests behind it will be skipped. Install it, or run make as root on Debian or Ubuntu."
fi
