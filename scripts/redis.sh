#!/usr/bin/env bash
# Sees to a redis-server for the tests of several processes: installs one where that is possible,
# else says so. (Only the program: nothing of it is left running.)
set -euo pipefail
for name in redis-server valkey-server; do
  command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing redis-server for the tests …"
  apt-get update -qq
  # The package would start a server of its own at the default port: a policy forbids it.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server >/dev/null
else
  echo "No redis-server: the tests with Redis will be skipped. Install it, or run as root on Debian or Ubuntu."
fi
