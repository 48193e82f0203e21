#!/usr/bin/env bash
# Runs a real OpenSearch node from Maven Central with Java 17, without Docker.
#   scripts/opensearch.sh install             download it on the first call, and print its folder
#   scripts/opensearch.sh run PORT [FOLDER]   run it in the foreground on 127.0.0.1; its data stays
#                                             in FOLDER (default: a temporary one)
# It has no security plugin. OPENSEARCH_HOME is its folder (~/.cache/stockpulse/opensearch-VERSION).
# OPENSEARCH_OPTIONS are more options of Java: -XX:TieredStopAtLevel=4 starts slower, and runs faster.
set -euo pipefail

version=2.19.6
home=${OPENSEARCH_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/stockpulse/opensearch-$version}

fail() {
  echo "opensearch: $*" >&2
  exit 1
}

dependency() {
  echo "<dependency><groupId>$1</groupId><artifactId>$2</artifactId><version>$3</version></dependency>"
}

# The server's jars with the modules that the search index and its tests use. Maven Central has no
# ready distribution, so a class of our own starts the node with these modules.
install() {
  [ -e "$home/lib/opensearch-$version.jar" ] && return
  command -v mvn >/dev/null || fail 'Maven is needed for the download (Debian: apt-get install maven)'
  command -v javac >/dev/null || fail 'javac is needed (Debian: apt-get install openjdk-17-jdk-headless)'
  echo "Downloading OpenSearch $version (first run only) …" >&2
  mkdir -p "$(dirname "$home")"
  local work module
  work=$(mktemp -d "$home.XXXXXX")
  {
    echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
    echo '<groupId>stockpulse</groupId><artifactId>opensearch</artifactId><version>1</version><dependencies>'
    dependency org.opensearch opensearch $version
    dependency org.apache.logging.log4j log4j-core 2.25.4 # optional there, but the server needs it
    for module in transport-netty4-client analysis-common mapper-extras-client; do
      dependency org.opensearch.plugin $module $version
    done
    echo '</dependencies></project>'
  } >"$work/pom.xml"
  if ! mvn --quiet --batch-mode --file "$work/pom.xml" dependency:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$work/lib" >&2; then
    rm -rf "$work"
    fail 'Maven could not download it; see its message above'
  fi
  mkdir "$work/classes"
  launcher >"$work/Launcher.java"
  logging >"$work/classes/log4j2.properties"
  javac -nowarn -proc:none -cp "$work/lib/*" -d "$work/classes" "$work/Launcher.java" >&2
  jar --create --file "$work/lib/launcher.jar" -C "$work/classes" .
  rm -rf "$home"
  mv -T "$work" "$home"
  # One short run saves the loaded classes, which halves the time of every later start.
  (node -XX:ArchiveClassesAtExit="$home/classes.jsa" -Dlauncher.leave=true -- 0 "$home/first") >"$home/first.log" 2>&1 ||
    echo 'opensearch: every start takes twice as long, because the classes could not be saved' >&2
  rm -rf "$home/first"
}

# Becomes the node: JVM options, `--`, port and folder.
node() {
  local options=()
  while [ "$1" != -- ]; do options+=("$1") && shift; done
  shift
  exec java -Xms128m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:+ExitOnOutOfMemoryError \
    -Djava.awt.headless=true -Djna.nosys=true -Dio.netty.noUnsafe=true \
    -Dio.netty.noKeySetOptimization=true -Dio.netty.recycler.maxCapacityPerThread=0 \
    -Dlog4j2.disable.jmx=true -Dlog4j.shutdownHookEnabled=false \
    "${options[@]}" ${OPENSEARCH_OPTIONS:-} -cp "$home/lib/*" Launcher "$@"
}

launcher() {
  cat <<'J'
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.opensearch.common.settings.Settings;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;

public class Launcher extends Node {
    Launcher(Settings settings) {
        super(
            InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), null, () -> "test"),
            List.of(
                org.opensearch.transport.Netty4Plugin.class,
                org.opensearch.analysis.common.CommonAnalysisPlugin.class,
                org.opensearch.index.mapper.MapperExtrasPlugin.class),
            false);
    }

    public static void main(String[] arguments) throws Exception {
        Path folder = Files.createDirectories(Path.of(arguments[1])).toAbsolutePath();
        Settings settings = Settings.builder()
            .put("path.home", folder.toString())
            .put("path.data", folder.resolve("data").toString())
            .put("path.logs", folder.resolve("logs").toString())
            .put("cluster.name", "test")
            .put("node.name", "test")
            .put("discovery.type", "single-node")
            .put("network.host", "127.0.0.1")
            .put("http.port", arguments[0])
            .put("transport.port", "0")
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .build();
        boolean leave = Boolean.getBoolean("launcher.leave");
        Launcher node = new Launcher(settings);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
            } catch (Exception error) {
                System.err.println("closing: " + error);
            }
            if (!leave) Runtime.getRuntime().halt(0); // its own threads would keep the process alive
        }));
        node.start();
        if (leave) System.exit(0);
        Thread.sleep(Long.MAX_VALUE);
    }
}
J
}

logging() {
  cat <<'L'
status = error
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1}] %m%n
rootLogger.level = error
rootLogger.appenderRef.console.ref = console
L
}

# Replaces this process, so that a signal to the pid reaches the node.
run() {
  local port=${1:?a port is needed} folder=${2:-}
  install
  command -v java >/dev/null || fail 'Java 17 is needed (Debian: apt-get install openjdk-17-jre-headless)'
  [ -n "$folder" ] || folder=$(mktemp -d)
  node -XX:SharedArchiveFile="$home/classes.jsa" -- "$port" "$folder"
}

case ${1:-} in
  install) install && echo "$home" ;;
  run) shift && run "$@" ;;
  *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2 && exit 64 ;;
esac
