#!/usr/bin/env bash
# Installs Chromium for the browser tests if it can; otherwise prints that they will be skipped.
set -euo pipefail
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing Chromium for the browser tests …"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
else
  echo "No Chromium: the browser tests will be skipped. Install Chromium, or run make as root on Debian or Ubuntu."
fi
