#!/usr/bin/env bash
# Runs the official DynamoDB Local from Maven Central with Java 17, without Docker.
#   scripts/dynamodb-local.sh install            download it on the first call, and print its folder
#   scripts/dynamodb-local.sh run [OPTION…]      run it in the foreground, e.g. run -inMemory -port 8001
#   scripts/dynamodb-local.sh with COMMAND…      run COMMAND with STOCKPULSE_TEST_ENDPOINT at a new one
# DYNAMODB_LOCAL_HOME sets its folder (default: ~/.cache/stockpulse/dynamodb-local-VERSION).
set -euo pipefail

version=2.6.1
home=${DYNAMODB_LOCAL_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/stockpulse/dynamodb-local-$version}
main=com.amazonaws.services.dynamodbv2.local.main.ServerRunner

fail() {
  echo "dynamodb-local: $*" >&2
  exit 1
}

# Puts the jars and sqlite4java's native libraries into DynamoDBLocal_lib, as in Amazon's download.
# Downloads to a temporary folder and moves it, so that a failed download leaves nothing behind.
install() {
  [ -e "$home/DynamoDBLocal_lib/DynamoDBLocal-$version.jar" ] && return
  command -v mvn >/dev/null || fail 'Maven is needed for the download (Debian: apt-get install maven)'
  echo "Downloading DynamoDB Local $version (first run only) …" >&2
  mkdir -p "$(dirname "$home")"
  local work
  work=$(mktemp -d "$home.XXXXXX")
  cat >"$work/pom.xml" <<P
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>stockpulse</groupId><artifactId>dynamodb-local</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>com.amazonaws</groupId><artifactId>DynamoDBLocal</artifactId><version>$version</version>
  </dependency></dependencies>
</project>
P
  if ! mvn --quiet --batch-mode --file "$work/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$work/DynamoDBLocal_lib" >&2; then
    rm -rf "$work"
    fail 'Maven could not download it; see its message above'
  fi
  rm -rf "$home"
  mv -T "$work" "$home"
}

# Replaces this process, so that a signal to the pid reaches DynamoDB Local.
run() {
  install
  command -v java >/dev/null || fail 'Java 17 is needed (Debian: apt-get install openjdk-17-jre-headless)'
  exec java -Djava.library.path="$home/DynamoDBLocal_lib" -cp "$home/DynamoDBLocal_lib/*" "$main" \
    -disableTelemetry "$@"
}

# A real ListTables call: if it cannot open its database, it still answers other requests with 400.
answers() {
  curl --silent --fail --max-time 5 --output /dev/null "$1" --data '{}' \
    --header 'Content-Type: application/x-amz-json-1.0' \
    --header 'X-Amz-Target: DynamoDB_20120810.ListTables' \
    --header 'Authorization: AWS4-HMAC-SHA256 Credential=stockpulse/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0'
}

with() {
  install
  local port pid log status=0
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  log=$(mktemp)
  (run -inMemory -sharedDb -port "$port") >"$log" 2>&1 &
  pid=$!
  # However this script ends, stop the engine by its pid.
  trap "kill $pid 2>/dev/null || true; wait $pid 2>/dev/null || true; rm -f '$log'" EXIT
  for _ in $(seq 150); do
    answers "http://127.0.0.1:$port" && break
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  answers "http://127.0.0.1:$port" || { tail -20 "$log" >&2; fail 'it did not start'; }
  STOCKPULSE_TEST_ENDPOINT=http://127.0.0.1:$port "$@" || status=$?
  kill -0 "$pid" 2>/dev/null || { tail -20 "$log" >&2; fail 'it died during the command'; }
  exit "$status"
}

case ${1:-} in
  install) install && echo "$home" ;;
  run) shift && run "$@" ;;
  with) shift && with "$@" ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2 && exit 64 ;;
esac
