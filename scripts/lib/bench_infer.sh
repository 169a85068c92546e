# bench_infer.sh - predictions a second on the predict port, beside bench_bare.
#
# Both are asked the same by the same wrk, turn by turn: what disturbs one round disturbs both sides
# of it. The ratio is the median of the rounds' ratios. Nothing is pinned to a core: wrk and server
# share all of them, as they would on one machine.

INFER_TABLE=$ROOT/tests/data/telco_churn.csv
INFER_CONNECTIONS="8 16"

# Builds the model that is asked.
infer_build() {
  local dataset job status
  step "building the model churn"
  dataset=$(upload "$INFER_TABLE")
  job=$(ask POST /models/churn "$(jq -n --arg id "$dataset" \
    '{intent: "Predict which customers will leave", dataset_id: $id}')" | jq -r .job_id)
  while :; do
    status=$(ask GET "/jobs/$job" | jq -r .status)
    case $status in
      COMPLETED) return ;;
      FAILED | CANCELLED) die "the build ended as $status" ;;
    esac
    sleep 0.5
  done
}

# A hundred customers as JSON, a line each.
infer_rows() {
  head -n 101 "$INFER_TABLE" | jq -Rcn '
    [inputs | split(",")] | .[0] as $names | .[1:][]
    | [$names, .] | transpose | map({(.[0]): (.[1] as $v | try ($v | tonumber) catch $v)}) | add
    | del(.churn) | with_entries(select(.value != ""))'
}

bare_answers() { curl_local -f -o /dev/null -d '{}' "http://127.0.0.1:$(port_of bench-bare)/models/churn/latest/infer"; }

infer_bare() {
  local port; port=$(take_ports bench-bare 8071)
  process_start bench-bare "$BIN/bench_bare" "$port"
  process_wait bench-bare 10 bare_answers
}

# infer_ask SERVER CONNECTIONS SECONDS: prints what wrk found, as one JSON object.
infer_ask() {
  local url=$TRAINYARD_PREDICT_URL said
  [ "$1" != bare ] || url=http://127.0.0.1:$(port_of bench-bare)
  said=$(BENCH_KEY=$TRAINYARD_API_KEY BENCH_ROWS=$HOME_DIR/rows wrk -t 2 -c "$2" -d "${3}s" \
    -s "$ROOT/tests/bench/infer.lua" "$url/models/churn/latest/infer") || die "wrk failed: $said"
  jq -c --arg server "$1" --argjson connections "$2" \
    '{server: $server, connections: $connections} + .' <<<"${said##*$'\n'}"
}

# infer_round N: each side at each number of connections; who comes first changes.
infer_round() {
  local connections server order="bare trainyard"
  [ $(($1 % 2)) = 1 ] || order="trainyard bare"
  for connections in $INFER_CONNECTIONS; do
    for server in $order; do infer_ask "$server" "$connections" "$seconds" | jq -c --argjson round "$1" '. + {$round}'; done
  done
}

infer_summary() {
  jq -s "$BENCH_JQ"'
    def side: {requests_per_s: (map(.requests_per_s) | median | round), p50_ms: (map(.p50_ms) | median | digits(3)),
      p99_ms: (map(.p99_ms) | median | digits(3)), refused: (map(.refused) | add), broken: (map(.broken) | add)};
    def ratios: group_by(.round) | map((map(select(.server == "trainyard"))[0].requests_per_s)
      / (map(select(.server == "bare"))[0].requests_per_s));
    {rounds: .,
     summary: (group_by(.connections) | map({connections: .[0].connections,
       bare: (map(select(.server == "bare")) | side), trainyard: (map(select(.server == "trainyard")) | side),
       ratio: (ratios | median | digits(2)), ratio_least: (ratios | min | digits(2)), ratio_most: (ratios | max | digits(2)),
       goal: 0.6} | .met = (.ratio >= .goal)))}' "$HOME_DIR/rounds"
}

infer_table() {
  printf '\n  %-11s %-10s %12s %9s %9s   %s\n' connections server requests/s 'p50 ms' 'p99 ms' 'ratio (least to most)'
  jq -r "$BENCH_JQ"'.summary[] | . as $s | ("bare", "trainyard") as $side | $s[$side] as $f
    | [$s.connections, $side, $f.requests_per_s, $f.p50_ms, $f.p99_ms,
       if $side == "bare" then "" else "\($s.ratio) (\($s.ratio_least) to \($s.ratio_most)), goal \($s.goal): \($s.met | met)" end] | @tsv' <<<"$1" |
    while IFS=$'\t' read -r connections server rate p50 p99 ratio; do
      printf '  %-11s %-10s %12s %9s %9s   %s\n' "$connections" "$server" "$rate" "$p50" "$p99" "$ratio"
    done
}

bench_infer() {
  local round server results lost
  rounds=${rounds:-7}
  bench_system
  infer_build
  infer_rows >"$HOME_DIR/rows"
  infer_bare
  for server in bare trainyard; do infer_ask "$server" 8 2 >/dev/null; done # warms both up
  for round in $(seq "$rounds"); do
    say "    round $round of $rounds"
    infer_round "$round" >>"$HOME_DIR/rounds"
  done
  results=$(infer_summary)
  infer_table "$results"
  bench_report "$results"
  lost=$(jq '[.summary[] | .bare, .trainyard | .refused + .broken] | add' <<<"$results")
  [ "$lost" = 0 ] || die "$lost requests were not answered as they should: the figures do not count"
}
