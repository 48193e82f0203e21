#!/usr/bin/env bash
# Builds the Lambda function's zip, byte for byte the same from the same commit and lock.
#   scripts/lambda.sh [TARGET]     default: dist/stockpulse-lambda.zip
# PYTHON_VERSION (3.13) and ARCH (x86_64, or arm64) name the function's runtime; wheels are taken
# for it, whatever this machine runs.
#
# boto3 is in Lambda's runtime, but ours is packed all the same: the store goes past botocore's
# model for its largest bodies (app/store/encoding.py), so it runs with the version that was
# tested. Of botocore's 400 service models only the two that are used are packed.
set -euo pipefail
cd "$(dirname "$0")/.."
version=${PYTHON_VERSION:-3.13}
arch=${ARCH:-x86_64}
target=${1:-dist/stockpulse-lambda.zip}

# What the handler imports, of requirements.lock; a test imports it in a bare interpreter.
needed=(
  annotated-types boto3 botocore jmespath orjson prometheus-client pydantic pydantic-core
  pydantic-settings python-dateutil python-dotenv redis s3transfer six typing-extensions
  typing-inspection tzdata urllib3
)
case $arch in
  x86_64) machine=x86_64 ;;
  arm64) machine=aarch64 ;;
  *) echo "lambda: ARCH must be x86_64 or arm64, not $arch" >&2 && exit 64 ;;
esac

lock=$(mktemp)
trap 'rm -f "$lock"' EXIT
.venv/bin/python scripts/lambda_zip.py lock requirements.lock "${needed[@]}" >"$lock"
packages=build/lambda/$version-$arch-$(sha256sum "$lock" | cut -c1-16)
if [ ! -e "$packages/.ready" ]; then
  echo "Fetching the function's packages for Python $version on $arch (once) …" >&2
  rm -rf "$packages"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
    --only-binary :all: --implementation cp --python-version "$version" --no-compile \
    --platform "manylinux_2_28_$machine" --platform "manylinux_2_17_$machine" \
    --platform "manylinux2014_$machine" --target "$packages" --requirement "$lock"
  touch "$packages/.ready"
fi
.venv/bin/python scripts/lambda_zip.py zip "$target" "$packages" app worker
