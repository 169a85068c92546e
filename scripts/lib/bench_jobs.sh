# bench_jobs.sh - the way of a job without its work: tests/bench/bench_jobs.c, a few times over.

jobs_summary() {
  jq -s "$BENCH_JQ"'
    def side($part): map(.[$part]) | {jobs: .[0].jobs, failed: (map(.failed) | add),
      jobs_per_s: (map(.jobs_per_s) | median | round), first_start_ms: (map(.first_start_ms) | median | digits(1)),
      start_p50_ms: (map(.start_p50_ms) | median | digits(1)), start_p99_ms: (map(.start_p99_ms) | median | digits(1))};
    {runs: ., summary: {steady: side("steady"), flat_out: side("flat_out"), goal_start_p50_ms: 25}}
    | .summary.met = (.summary.steady.start_p50_ms < .summary.goal_start_p50_ms)' "$HOME_DIR/runs"
}

jobs_table() {
  printf '\n  %-22s %7s %8s %10s %16s %16s\n' way jobs jobs/s 'first ms' 'start p50 ms' 'start p99 ms'
  jq -r "$BENCH_JQ"'.summary | . as $s | ("steady", "flat_out") as $part | .[$part]
    | [if $part == "steady" then "50 a second" else "flat out, 8 clients" end, .jobs, .jobs_per_s,
       .first_start_ms, .start_p50_ms, .start_p99_ms] | @tsv' <<<"$1" |
    while IFS=$'\t' read -r way count rate first p50 p99; do
      printf '  %-22s %7s %8s %10s %16s %16s\n' "$way" "$count" "$rate" "$first" "$p50" "$p99"
    done
  jq -r "$BENCH_JQ"'.summary | "\n  goal: start p50 under \(.goal_start_p50_ms) ms at 50 jobs a second, the first job included: \(.met | met)"' <<<"$1"
}

bench_jobs() {
  local run results
  rounds=${rounds:-3}
  bench_servers
  TRAINYARD_TEST_DATABASE_URL=$(postgres_url postgres postgres)
  TRAINYARD_TEST_BROKERS=$(kafka_address)
  export TRAINYARD_TEST_DATABASE_URL TRAINYARD_TEST_BROKERS
  for run in $(seq "$rounds"); do
    say "    run $run of $rounds"
    "$BIN/bench_jobs" "$jobs" >"$HOME_DIR/run.json" 2>"$HOME_DIR/log/bench_jobs.log" &&
      jq -e . "$HOME_DIR/run.json" >/dev/null ||
      process_lament "bench_jobs failed"
    cat "$HOME_DIR/run.json" >>"$HOME_DIR/runs"
  done
  results=$(jobs_summary)
  jobs_table "$results"
  bench_report "$results"
  [ "$(jq '.summary.steady.failed + .summary.flat_out.failed' <<<"$results")" = 0 ] ||
    die "some jobs could not be submitted: the figures do not count"
}
