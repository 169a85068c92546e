# system.sh - Trainyard's own programs, and $HOME_DIR/env, which tells where everything is.

BUILD=${TRAINYARD_BUILD:-$ROOT/build/release}
BIN=$BUILD/bin

# Loopback is never behind a proxy.
curl_local() { curl --noproxy '*' -sS "$@"; }

# What every program is told. Kafka and PostgreSQL must have been started once.
system_export() {
  export TRAINYARD_DATABASE_URL TRAINYARD_KAFKA_BROKERS TRAINYARD_BLOB_DIR
  TRAINYARD_DATABASE_URL=$(postgres_url trainyard trainyard)
  TRAINYARD_KAFKA_BROKERS=$(kafka_address)
  TRAINYARD_BLOB_DIR=$HOME_DIR/blobs
}

# Tables and topics; both look what is there first.
system_migrate() {
  step "migrating the database and making topics"
  mkdir -p "$TRAINYARD_BLOB_DIR"
  "$BIN/trainyard" migrate >"$HOME_DIR/log/migrate.log" 2>&1 || process_lament "migrate failed"
  "$BIN/trainyard" topics >"$HOME_DIR/log/topics.log" 2>&1 || process_lament "topics failed"
}

is_ready() { curl_local -f -m 5 -o /dev/null "http://127.0.0.1:$(port_of "$1")/readyz"; }

# True if the running NAME is older than its PROGRAM, which was built since.
process_is_stale() { [ "$BIN/$2" -nt "$HOME_DIR/run/$1.pid" ]; }

api_start() {
  local name=api-$1 ports first=$((8080 + 3 * ($1 - 1)))
  if process_runs "$name" && process_is_stale "$name" trainyard-api; then process_stop "$name"; fi
  process_runs "$name" && return
  step "starting $name"
  ports=$(take_ports "$name" "$first" $((first + 1)) $((first + 2)))
  # shellcheck disable=SC2086
  set -- $ports
  process_start "$name" env TRAINYARD_PORT="$1" TRAINYARD_PREDICT_PORT="$2" TRAINYARD_UPLOAD_PORT="$3" \
    TRAINYARD_PREDICT_URL="http://127.0.0.1:$2" "$BIN/trainyard-api"
  process_wait "$name" 60 is_ready "$name"
}

worker_start() {
  local name=worker-$1 port
  if process_runs "$name" && process_is_stale "$name" trainyard-worker; then process_stop "$name"; fi
  process_runs "$name" && return
  step "starting $name"
  port=$(take_ports "$name" $((9099 + $1)))
  process_start "$name" env TRAINYARD_METRICS_PORT="$port" "$BIN/trainyard-worker"
  process_wait "$name" 60 is_ready "$name"
}

# system_stop: ends APIs and workers, asking all before it waits for each.
system_stop() {
  local name
  for name in $(process_names worker-) $(process_names api-); do
    process_runs "$name" && kill -s TERM "$(process_pid "$name")" || true
  done
  for name in $(process_names worker-) $(process_names api-); do process_stop "$name"; done
}

# Prints the key noted in env, if the API still takes it.
noted_key() {
  local key
  key=$(sed -n 's/^TRAINYARD_API_KEY=//p' "$HOME_DIR/env" 2>/dev/null || true)
  [ -n "$key" ] || return 0
  ! curl_local -f -o /dev/null -H "Authorization: Bearer $key" \
    "http://127.0.0.1:$(port_of api-1)/models" 2>/dev/null || printf '%s' "$key"
}

# Notes where everything is, with a key, which is made when there is none yet.
system_note() {
  local key; key=$(noted_key)
  [ -n "$key" ] || key=$("$BIN/trainyard" keys create --account demo --permission read_write 2>"$HOME_DIR/log/keys.log") ||
    process_lament "keys failed"
  (umask 077; cat >"$HOME_DIR/env.new" <<ENV)
TRAINYARD_URL=http://127.0.0.1:$(port_of api-1)
TRAINYARD_API_KEY=$key
TRAINYARD_PREDICT_URL=http://127.0.0.1:$(port_of api-1 2)
TRAINYARD_PORT=$(port_of api-1)
TRAINYARD_PREDICT_PORT=$(port_of api-1 2)
TRAINYARD_UPLOAD_PORT=$(port_of api-1 3)
TRAINYARD_DATABASE_URL=$TRAINYARD_DATABASE_URL
TRAINYARD_KAFKA_BROKERS=$TRAINYARD_KAFKA_BROKERS
TRAINYARD_BLOB_DIR=$TRAINYARD_BLOB_DIR
TRAINYARD_BIN=$BIN
ENV
  mv "$HOME_DIR/env.new" "$HOME_DIR/env"
}
