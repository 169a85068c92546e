# bench_memory.sh - resident memory of an API and a worker that have nothing to do.
#
# Measured some seconds after they are ready, with connections to PostgreSQL and Kafka open. The
# engine's libraries must not be in it: only a build's child opens them.

MEMORY_SETTLES_S=15

# memory_of NAME: prints it as JSON. What is private to the process is what one more of it costs.
memory_of() {
  local pid; pid=$(process_pid "$1")
  awk -v name="$1" '
    /^Rss:/ {rss = $2} /^Private_(Clean|Dirty):/ {private += $2}
    END {printf "{\"program\":\"%s\",\"resident_mb\":%.1f,\"private_mb\":%.1f}\n", name, rss / 1024, private / 1024}
  ' "/proc/$pid/smaps_rollup" |
    jq -c --argjson threads "$(awk '/^Threads/ {print $2}' "/proc/$pid/status")" \
      '. + {$threads, goal_mb: 40} | .met = (.resident_mb < .goal_mb)'
}

bench_memory() {
  local results program rss private threads met
  bench_system
  sleep "$MEMORY_SETTLES_S"
  results=$({ memory_of api-1; memory_of worker-1; } | jq -s '{summary: .}')
  printf '\n  %-10s %12s %12s %9s   %s\n' program 'resident MB' 'private MB' threads goal
  jq -r "$BENCH_JQ"'.summary[] | [.program, .resident_mb, .private_mb, .threads, "under \(.goal_mb) MB: \(.met | met)"] | @tsv' <<<"$results" |
    while IFS=$'\t' read -r program rss private threads met; do
      printf '  %-10s %12s %12s %9s   %s\n' "$program" "$rss" "$private" "$threads" "$met"
    done
  bench_report "$results"
}
