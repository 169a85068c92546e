# bench_sse.sh - many followers of one build's log: each line once and in order, how long it takes from
# Kafka to the client, and what a follower costs in memory.
#
# The worker collects logs only, so that the build stays where it is; its lines are the benchmark's own,
# given to the log topic as a worker does. What is measured is what follows: topic, collector,
# PostgreSQL, the hub, the stream.

SSE_FOLLOWERS=500
SSE_LINES=200
SSE_PER_SECOND=20
SSE_GOAL_MS=300
SSE_GOAL_KB=300

has_line() { [ "$(ask GET "/models/build-logs?job_id=$1" | jq .pagination.total)" -gt 0 ]; }

bench_sse() {
  local results job dataset lines
  bench_servers
  system_export
  export TRAINYARD_POOLS=logs
  system_migrate
  api_start 1
  worker_start 1
  system_note
  client_open
  dataset=$(upload "$ROOT/tests/data/penguins.csv")
  job=$(ask POST /models/bench "$(jq -nc --arg id "$dataset" '{intent: "predict the species", dataset_id: $id}')" | jq -r .job_id)
  lines=("$BIN/bench_lines" "$TRAINYARD_KAFKA_BROKERS" trainyard "$job" "$(ask GET /auth/user | jq -r .user_id)")
  "${lines[@]}" 1 1 >/dev/null
  wait_until 30 has_line "$job" || die "the first line did not arrive"
  results=$(python3 "$ROOT/tests/bench/sse.py" "$TRAINYARD_URL" "$TRAINYARD_API_KEY" "$job" "$(process_pid api-1)" \
    "$SSE_FOLLOWERS" "$SSE_LINES" "${lines[@]}" "$SSE_LINES" "$SSE_PER_SECOND") || die "the followers were not served"
  results=$(jq -c --argjson ms "$SSE_GOAL_MS" --argjson kb "$SSE_GOAL_KB" \
    --argjson rate "$SSE_PER_SECOND" '. + {lines_per_second: $rate, goal_ms: $ms, goal_kb: $kb} | .met = (.each_once_in_order and .p99_ms < $ms and .kb_a_follower < $kb) | {summary: .}' <<<"$results")
  jq -r "$BENCH_JQ"'.summary | "
  \(.followers) followers, \(.lines) lines at \(.lines_per_second) a second
  each line once and in order  \(.each_once_in_order)
  from Kafka to the follower   p50 \(.p50_ms) ms, p99 \(.p99_ms) ms (goal \(.goal_ms)), at most \(.max_ms) ms
  memory of a follower         \(.kb_a_follower) KB (goal \(.goal_kb))
  goals                        \(.met | met)"' <<<"$results"
  bench_report "$results"
}
