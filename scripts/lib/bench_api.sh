# bench_api.sh - reading and creating over HTTP, beside a bare handler of the same mode and beside
# pgbench with the same statements: what PostgreSQL alone could do.
#
# All three take turns within a round. The statements are those that PostgreSQL logged while one
# request was answered, so they cannot differ. Ratios are medians of the rounds' ratios.

API_KINDS="list get status create"
API_CONNECTIONS="16 256"
API_PGBENCH_CLIENTS=16

# A thousand READY models in the account, as if built.
api_fill() {
  postgres_psql -d "$(postgres_url postgres trainyard)" >/dev/null <<'SQL'
update limits set max_waiting = 1000000000;
insert into models (id, account, name, display_name, intent, dataset_id, created_by, last_version)
select 'mdl_bench' || n, k.account, 'bench-' || n, 'Bench ' || n, 'Predict which customers will leave', 'ds_bench', k.account, 1
  from (select account from keys limit 1) k, generate_series(1, 1000) n;
insert into versions (id, model_id, account, version, status, job_id, intent, dataset_id, artifact_digest, artifact_bytes, report, training_s)
select 'ver_bench' || n, 'mdl_bench' || n, k.account, 1, 'READY', 'job_bench' || n, 'Predict which customers will leave', 'ds_bench',
       repeat('ab', 32), 4096, '{"task":"binary","target":"churn","metric":{"name":"roc_auc","value":0.84},"metrics":{"roc_auc":0.84}}', 12
  from (select account from keys limit 1) k, generate_series(1, 1000) n;
analyze;
SQL
}

# api_path KIND N: what is asked in a single request.
api_path() {
  case $1 in
    list) printf /models ;;
    get) printf '/models/bench-%d' "$2" ;;
    status) printf '/models/bench-%d/v1.0/status' "$2" ;;
    create) printf '/models/probe-%d' "$2" ;;
  esac
}

api_once() {
  if [ "$1" = create ]; then
    ask POST "$(api_path create "$2")" "$(jq -nc --arg id "$api_dataset" '{intent: "Predict which customers will leave", dataset_id: $id}')"
  else
    ask GET "$(api_path "$1" "$2")"
  fi
}

# Asks each once with the log of statements on: the script for pgbench, the answer for the bare handler.
api_record() {
  local kind log=$HOME_DIR/log/postgres.log from
  mkdir -p "$HOME_DIR/answers"
  postgres_psql -c "alter system set log_line_prefix = 'pid%p '" -c "alter system set log_statement = 'all'" -c 'select pg_reload_conf()' >/dev/null
  sleep 1 # until all sessions know
  for kind in $API_KINDS; do
    from=$(stat -c %s "$log")
    api_once "$kind" 500 >"$HOME_DIR/answers/$kind"
    sleep 0.5
    if [ "$kind" = create ]; then set -- create 'insert into models'; else set -- reading 'models m'; fi
    python3 "$ROOT/tests/bench/pgbench_script.py" "$log" "$from" "$@" >"$HOME_DIR/$kind.sql" || die "no statements of $kind were logged"
  done
  postgres_psql -c 'alter system reset log_statement' -c 'select pg_reload_conf()' >/dev/null
}

api_bare() {
  local port; port=$(take_ports bench-bare 8071)
  process_start bench-bare "$BIN/bench_bare" "$port" "$HOME_DIR/answers"
  process_wait bench-bare 10 curl_local -f -o /dev/null "http://127.0.0.1:$port/models"
}

# api_ask SERVER KIND CONNECTIONS ROUND
api_ask() {
  local url=$TRAINYARD_URL said
  [ "$1" != bare ] || url=http://127.0.0.1:$(port_of bench-bare)
  said=$(BENCH_KIND=$2 BENCH_KEY=$TRAINYARD_API_KEY BENCH_DATASET=$api_dataset BENCH_PREFIX=made-$3-$4 \
    wrk -t 2 -c "$3" -d "${seconds}s" --timeout 20 -s "$ROOT/tests/bench/api.lua" "$url") || die "wrk failed: $said"
  jq -c --arg server "$1" --arg kind "$2" --argjson connections "$3" --argjson round "$4" \
    '{$server, $kind, $connections, $round} + .' <<<"${said##*$'\n'}"
}

# api_pgbench KIND ROUND
api_pgbench() {
  local said
  said=$("$(postgres_bin)/pgbench" -n -M prepared -c "$API_PGBENCH_CLIENTS" -j 2 -T "$seconds" -f "$HOME_DIR/$1.sql" \
    "$(postgres_url postgres trainyard)" 2>"$HOME_DIR/log/pgbench.log") || die "pgbench failed: $(tail -n 3 "$HOME_DIR/log/pgbench.log")"
  jq -nc --arg kind "$1" --argjson round "$2" --argjson rate "$(sed -n 's/^tps = \([0-9.]*\).*/\1/p' <<<"$said")" \
    '{server: "pgbench", $kind, $round, requests_per_s: $rate}'
}

api_round() {
  local kind connections
  for kind in $API_KINDS; do
    [ $(($1 % 2)) = 1 ] || api_pgbench "$kind" "$1"
    for connections in $API_CONNECTIONS; do
      api_ask bare "$kind" "$connections" "$1"
      api_ask trainyard "$kind" "$connections" "$1"
    done
    [ $(($1 % 2)) = 0 ] || api_pgbench "$kind" "$1"
  done
}

api_summary() {
  jq -s "$BENCH_JQ"'
    def of($server): map(select(.server == $server));
    def rate: map(.requests_per_s) | median | round;
    def ratio($a; $b): . as $all | [$a[] as $x | ($b[] | select(.round == $x.round)) as $y | $x.requests_per_s / $y.requests_per_s] | median | digits(2);
    . as $all | {rounds: $all, summary: [$all | of("trainyard") | group_by([.kind, .connections])[] | .[0] as $f
      | ($all | map(select(.kind == $f.kind))) as $same | ($same | of("pgbench")) as $limit
      | ($same | of("bare") | map(select(.connections == $f.connections))) as $bare
      | {kind: $f.kind, connections: $f.connections, trainyard: rate, p99_ms: (map(.p99_ms) | median | digits(1)),
         bare: ($bare | rate), pgbench: ($limit | rate), refused: (map(.refused) | add), broken: (map(.broken) | add),
         of_bare: ratio(.; $bare), of_pgbench: ratio(.; $limit), goal: (if $f.kind == "create" then 0.6 else 0.5 end)}
      | .met = (.of_pgbench >= .goal)]}' "$HOME_DIR/rounds"
}

bench_api() {
  local round results lost
  rounds=${rounds:-5}
  bench_servers
  system_export
  system_migrate
  api_start 1
  system_note
  client_open
  api_dataset=$(upload "$ROOT/tests/data/penguins.csv")
  api_fill
  api_record
  api_bare
  for round in $(seq "$rounds"); do
    say "    round $round of $rounds"
    api_round "$round" >>"$HOME_DIR/rounds"
  done
  results=$(api_summary)
  printf '\n  %-7s %11s %10s %9s %9s %9s %8s %11s\n' kind connections requests/s 'p99 ms' bare pgbench 'of bare' 'of pgbench'
  jq -r "$BENCH_JQ"'.summary[] | [.kind, .connections, .trainyard, .p99_ms, .bare, .pgbench, .of_bare, "\(.of_pgbench), goal \(.goal): \(.met | met)"] | @tsv' <<<"$results" |
    while IFS=$'\t' read -r a b c d e f g h; do printf '  %-7s %11s %10s %9s %9s %9s %8s   %s\n' "$a" "$b" "$c" "$d" "$e" "$f" "$g" "$h"; done
  bench_report "$results"
  lost=$(jq '[.summary[] | .refused + .broken] | add' <<<"$results")
  [ "$lost" = 0 ] || die "$lost requests were not answered as they should: the figures do not count"
}
