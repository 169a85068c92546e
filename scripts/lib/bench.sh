# bench.sh - what the benchmarks share: servers of their own, the machine, medians, the report.

# bench_wants PROGRAM: ends the script if it is not there; its package has the same name.
bench_wants() {
  command -v "$1" >/dev/null || die "$1 is missing: apt-get install --no-install-recommends $1"
}

bench_load() { cut -d ' ' -f 1 /proc/loadavg; }

# PostgreSQL and Kafka as scripts/up has them: what is committed is on the disk.
bench_servers() {
  postgres_start
  kafka_start
}

# The whole system: one API, one worker, a key.
bench_system() {
  bench_servers
  system_export
  system_migrate
  api_start 1
  worker_start 1
  system_note
  client_open
}

# Whatever happens, what was started is stopped; logs stay when something failed.
bench_stop() {
  local code=$? each
  trap - EXIT
  system_stop
  for each in $(process_names bench-); do process_stop "$each"; done
  kafka_stop
  postgres_stop
  postgres_wipe
  rm -rf "$HOME_DIR/kafka" "$HOME_DIR/blobs"
  if [ "$code" = 0 ]; then rm -rf "$HOME_DIR"; else say "logs: $HOME_DIR/log"; fi
  exit "$code"
}

# Prints the machine and the programs as JSON.
bench_machine() {
  jq -n --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
    --argjson cores "$(nproc)" --argjson memory_mb "$(awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)" \
    --arg system "$(. /etc/os-release && printf '%s' "$PRETTY_NAME"), Linux $(uname -r)" \
    --arg compiler "$(gcc --version | head -n 1)" \
    --arg postgres "$("$(postgres_bin)/postgres" --version)" \
    --arg kafka "$(basename "$NATIVE"/kafka/kafka-clients-*.jar .jar)" \
    --arg ulfius "$(pkg-config --modversion libulfius)" \
    --arg microhttpd "$(pkg-config --modversion libmicrohttpd)" \
    --arg commit "$(git -C "$ROOT" describe --always --dirty 2>/dev/null || true)" \
    --arg at "$(date -u +%FT%TZ)" --arg load_before "$load" '$ARGS.named'
}

# bench_report JSON: writes build/bench/NAME.json, with the machine.
bench_report() {
  local file=$ROOT/build/bench/$name.json
  jq -n --arg bench "$name" --argjson machine "$(bench_machine)" --argjson results "$1" \
    '{$bench, $machine} + $results' >"$file.new"
  mv "$file.new" "$file"
  say "
  load now $(bench_load); all figures: build/bench/$name.json"
}

# For jq: the median of a list of numbers, and a number with that many digits behind the point.
BENCH_JQ='
def median: sort | if length % 2 == 1 then .[length / 2 | floor]
  else (.[length / 2] + .[length / 2 - 1]) / 2 end;
def digits($n): pow(10; $n) as $p | . * $p | round / $p;
def met: if . then "met" else "MISSED" end;
'
