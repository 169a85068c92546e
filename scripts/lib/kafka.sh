# kafka.sh - a Kafka of one node, from Maven's jars, on loopback.

JARS=$ROOT/infra/broker/jars.sha256

# Prints a Java runtime of version 17 or newer, or nothing.
java_program() {
  local java
  for java in "$(command -v java || true)" /usr/lib/jvm/*/bin/java; do
    [ -x "$java" ] && [ "$(java_version "$java")" -ge 17 ] 2>/dev/null && printf '%s' "$java" && return
  done
  return 0
}

java_version() { "$1" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p'; }

kafka_is_there() { cmp -s "$JARS" "$NATIVE/kafka/jars.sha256"; }

# Puts the jars into native/kafka, once for each list of jars; a jar that is not pinned is refused.
install_kafka() {
  local work=$NATIVE/kafka.new
  kafka_is_there && return
  step "fetching Kafka"
  rm -rf "$work"
  mkdir -p "$work"
  if [ -d "${NATIVE_DL:-}/kafka" ]; then
    cp "$NATIVE_DL/kafka"/*.jar "$work/"
  else
    logged kafka mvn -B -f "$ROOT/infra/broker/pom.xml" dependency:copy-dependencies \
      -DoutputDirectory="$work" -DincludeScope=runtime
  fi
  (cd "$work" && [ "$(ls | wc -l)" = "$(wc -l <"$JARS")" ] && sha256sum --check --quiet "$JARS") ||
    die "the jars of Kafka are not those that infra/broker/jars.sha256 pins: they were not used."
  cp "$JARS" "$work/"
  rm -rf "$NATIVE/kafka"
  mv "$work" "$NATIVE/kafka"
}

kafka_address() { printf '127.0.0.1:%s' "$(port_of kafka)"; }

kafka_answers() { timeout 5 kcat -b "$(kafka_address)" -L -q; }

# Sets KAFKA_JAVA to what one of Kafka's classes is run with.
kafka_find_java() {
  KAFKA_JAVA=("$(java_program)" -Xms256m -Xmx512m -XX:+ExitOnOutOfMemoryError
    -Dlog4j2.configurationFile="$ROOT/infra/broker/log4j2.properties" -cp "$NATIVE/kafka/*")
}

# The identity of a new cluster: 16 random bytes, as Kafka writes them. A leading dash would look
# like an option.
kafka_cluster_id() { head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c 1-22 | sed 's/^-/A/'; }

kafka_configure() {
  local ports
  ports=$(take_ports kafka 9092 9093)
  mkdir -p "$HOME_DIR/kafka"
  sed -e '/^#/d' -e "s|@PORT@|${ports% *}|; s|@CONTROLLER_PORT@|${ports#* }|; s|@DATA@|$HOME_DIR/kafka/data|" \
    "$ROOT/infra/broker/server.properties" >"$HOME_DIR/kafka/server.properties"
}

# Gives a new folder of data its identity.
kafka_format() {
  [ ! -f "$HOME_DIR/kafka/data/meta.properties" ] || return 0
  "${KAFKA_JAVA[@]}" kafka.tools.StorageTool format -t "$(kafka_cluster_id)" \
    -c "$HOME_DIR/kafka/server.properties" >"$HOME_DIR/log/kafka-format.log" 2>&1 ||
    process_lament "kafka-format failed"
}

kafka_start() {
  process_runs kafka && return
  step "starting Kafka"
  kafka_find_java
  kafka_configure
  kafka_format
  process_start kafka "${KAFKA_JAVA[@]}" kafka.Kafka "$HOME_DIR/kafka/server.properties"
  process_wait kafka 60 kafka_answers
}

# The log is flushed on a clean stop; without it the next start has to look for the end.
kafka_stop() { process_stop kafka TERM 30; }
