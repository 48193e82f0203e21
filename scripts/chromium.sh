#!/usr/bin/env bash
# Installs Chromium for the browser tests if it can; otherwise prints that they will be skipped.
#
# The headless shell takes half the CPU time: Chromium itself also draws its own windows, unseen.
set -euo pipefail
SHELL_PACKAGE=chromium-headless-shell
has_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
install() {
  echo "Installing $1 for the browser tests …"
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" fonts-dejavu-core >/dev/null
}
offers_shell() { apt-cache show "$SHELL_PACKAGE" >/dev/null 2>&1; }

command -v "$SHELL_PACKAGE" >/dev/null && exit 0
if has_apt && offers_shell && install "$SHELL_PACKAGE"; then exit 0; fi
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null && exit 0
done
if has_apt; then
  apt-get update -qq
  if offers_shell; then install "$SHELL_PACKAGE"; else install chromium; fi
else
  echo "No Chromium: the browser tests will be skipped. Install Chromium, or run make as root on Debian or Ubuntu."
fi
