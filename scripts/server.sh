#!/usr/bin/env bash
# Installs a server for the tests if it can; otherwise prints that they will be skipped.
# It installs only the program and leaves no server running.
#   scripts/server.sh PACKAGE PROGRAM…   the Debian package, and the programs of which one is needed
set -euo pipefail
package=$1
shift
for name in "$@"; do
  command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing $package for the tests …"
  apt-get update -qq
  # The package would start a server on its default port; a policy prevents that.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
else
  echo "No $package: the tests with it will be skipped. Install it, or run make as root on Debian or Ubuntu."
fi
