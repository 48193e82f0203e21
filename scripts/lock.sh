#!/usr/bin/env bash
# Writes requirements.lock, with hashes but without index URLs: first the packages that run
# Stockpulse, then, below the line at which the Dockerfile cuts, those for tests and checks only.
# Also writes requirements.ministack.lock for scripts/ministack.sh. Versions are kept unless UPGRADE=1.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() {
  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-header --no-annotate "$@"
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${UPGRADE:-}" ]; then # uv keeps the versions in an existing output file
  sed '/^# ---- needed only/,$d' requirements.lock >"$work/run"
  cp requirements.lock "$work/all"
  cp requirements.ministack.lock "$work/ministack"
fi
compile pyproject.toml --output-file "$work/run"
compile pyproject.toml --extra dev --constraint "$work/run" --output-file "$work/all"
{
  echo '# Made by scripts/lock.sh (make lock). Needed to run Stockpulse:'
  cat "$work/run"
  echo '# ---- needed only to test and check it ----'
  python3 - "$work/run" "$work/all" <<'P'
import re, sys
from pathlib import Path
def blocks(path: str) -> list[str]:
    return re.split(r"\n(?=\S)", Path(path).read_text().strip())
run = set(blocks(sys.argv[1]))
print("\n".join(block for block in blocks(sys.argv[2]) if block not in run))
P
} >requirements.lock
echo 'ministack==1.5.33' >"$work/ministack.in" # the version whose behaviour docs/operate/lambda.md describes
compile "$work/ministack.in" --output-file "$work/ministack"
{
  echo '# Made by scripts/lock.sh (make lock). MiniStack, for tests of the Lambda function:'
  cat "$work/ministack"
} >requirements.ministack.lock
