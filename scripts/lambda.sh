#!/usr/bin/env bash
# Builds the Lambda function's zip; the same commit and lock file give the same bytes.
#   scripts/lambda.sh [TARGET]     default: dist/stockpulse-lambda.zip
# PYTHON_VERSION (3.13) and ARCH (x86_64 or arm64) name the function's runtime. Wheels are chosen
# for that runtime, not for this machine.
#
# Lambda's runtime has boto3, but the zip contains it too: the store bypasses botocore's model for
# its largest bodies (app/store/dynamodb/calls/encoding.py), so it needs the version that was tested. Of
# botocore's 400 service models only the five that are used are packed.
#
# Lambda cannot store bytecode in its read-only folder, and compiling takes most of a cold start's
# time. So the zip contains bytecode if this machine has a Python of the function's version.
set -euo pipefail
cd "$(dirname "$0")/.."
version=${PYTHON_VERSION:-3.13}
arch=${ARCH:-x86_64}
target=${1:-dist/stockpulse-lambda.zip}

# The locked packages that the handler imports; a test imports it in a bare interpreter.
needed=(
  aiohappyeyeballs aiohttp aiosignal annotated-types attrs boto3 botocore frozenlist idna jmespath
  multidict orjson prometheus-client propcache pydantic pydantic-core pydantic-settings
  python-dateutil python-dotenv redis s3transfer six typing-extensions typing-inspection tzdata
  urllib3 yarl
)
case $arch in
  x86_64) machine=x86_64 ;;
  arm64 | aarch64) machine=aarch64 ;;
  *) echo "lambda: ARCH is $arch; it must be x86_64 or arm64" >&2 && exit 64 ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Find a Python of the function's version; empty if there is none.
for python in .venv/bin/python "python$version" ''; do
  [ "$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" != "$version" ] || break
done
compile() { # compiles a folder's modules with the paths that they have in Lambda
  [ -n "$python" ] || return 0
  PYTHONHASHSEED=0 "$python" -m compileall -q -j 1 --invalidation-mode unchecked-hash -s "$1" -p /var/task "$1"
}

.venv/bin/python scripts/lambda_zip.py lock requirements.lock "${needed[@]}" >"$work/lock"
packages=build/lambda/$version-$arch-$(sha256sum "$work/lock" | cut -c1-16)${python:+-compiled}
if [ ! -e "$packages/.ready" ]; then
  echo "Downloading the function's packages for Python $version on $arch (first run only) …" >&2
  rm -rf "$packages"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
    --only-binary :all: --implementation cp --python-version "$version" --no-compile \
    --platform "manylinux_2_28_$machine" --platform "manylinux_2_17_$machine" \
    --platform "manylinux2014_$machine" --target "$packages" --requirement "$work/lock"
  compile "$packages"
  touch "$packages/.ready"
fi
mkdir "$work/own"
cp -R app worker "$work/own"
find "$work/own" -name __pycache__ -prune -exec rm -rf {} +
compile "$work/own"
[ -n "$python" ] || echo "python$version is not installed: the zip has no bytecode, so cold starts take longer." >&2
.venv/bin/python scripts/lambda_zip.py zip "$target" "$packages" "$work/own"
