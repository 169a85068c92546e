# fuzz.sh - runs one target of libFuzzer, keeps what it learned, and notes how long it ran.

FUZZ_CORPUS=$ROOT/tests/fuzz/corpus
FUZZ_BIN=$ROOT/build/fuzz/bin
FUZZ_RUNS=$ROOT/build/fuzz/runs # all inputs of interest, of all runs here
FUZZ_FILES_MOST=150 FUZZ_KB_MOST=48
FUZZ_TABLE=$ROOT/docs/reliability.md

# The targets, one a line.
fuzz_targets() { sed -n 's/^trainyard_fuzz(\([a-z_]*\) .*/\1/p' "$ROOT/tests/fuzz/CMakeLists.txt"; }

fuzz_build() {
  step "building fuzz_$1 with clang"
  cd "$ROOT"
  logged configure-fuzz cmake --preset fuzz
  logged build-fuzz cmake --build build/fuzz --target "fuzz_$1"
}

# fuzz_stat NAME LOG...: the sum of a figure of libFuzzer's last words.
fuzz_stat() { local name=$1; shift; sed -n "s/^stat::$name: *//p" "$@" | awk '{sum += $1} END {print sum + 0}'; }

# fuzz_run TARGET SECONDS JOBS: true if no input was found that it fails on.
fuzz_run() {
  local target=$1 seconds=$2 jobs=$3 work=$FUZZ_RUNS/$1 job pids='' pid code=0 options=''
  mkdir -p "$work/corpus" "$work/found" "$FUZZ_CORPUS/$target"
  rm -f "$work"/log.*
  [ ! -f "$ROOT/tests/fuzz/$target.dict" ] || options="-dict=$ROOT/tests/fuzz/$target.dict"
  step "fuzzing $target for $((seconds / 60)) minutes, $jobs at once"
  for job in $(seq "$jobs"); do
    # shellcheck disable=SC2086
    "$FUZZ_BIN/fuzz_$target" $options -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=8192 \
      -print_final_stats=1 -artifact_prefix="$work/found/" "$work/corpus" "$FUZZ_CORPUS/$target" >"$work/log.$job" 2>&1 &
    pids="$pids $!"
  done
  for pid in $pids; do wait "$pid" || code=1; done
  return $code
}

# Says which input it failed on, and how to see that again.
fuzz_lament() {
  local target=$1 log input
  for log in "$FUZZ_RUNS/$target"/log.*; do
    input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    [ -n "$input" ] || continue
    grep -vE '^#[0-9]|^INFO:|^(NEW|REDUCE)' "$log" | tail -n 40
    warn "$target fails on ${input#"$ROOT"/}
  see it again:     build/fuzz/bin/fuzz_$target ${input#"$ROOT"/}
  once it is mended, keep it: cp ${input#"$ROOT"/} tests/fuzz/corpus/$target/regression-WHAT-IT-WAS"
  done
}

# What was learned, in as few and small inputs as reach the same; those with a name of our own stay.
fuzz_keep() {
  local target=$1 kept=$FUZZ_CORPUS/$1 new=$FUZZ_RUNS/$1/new file size files=0 bytes=0
  rm -rf "$new"
  mkdir -p "$new"
  "$FUZZ_BIN/fuzz_$target" -set_cover_merge=1 -max_len=8192 -timeout=10 "$new" "$kept" "$FUZZ_RUNS/$target/corpus" \
    >"$FUZZ_RUNS/$target/log.merge" 2>&1 || { warn "the corpus of $target could not be made smaller"; return 1; }
  find "$kept" -type f ! -name 'seed-*' ! -name 'regression-*' -delete
  while read -r size file; do
    files=$((files + 1)) bytes=$((bytes + size))
    [ "$files" -le "$FUZZ_FILES_MOST" ] && [ "$bytes" -le $((FUZZ_KB_MOST << 10)) ] || break
    cp "$file" "$kept/$(sha256sum "$file" | cut -c 1-16)"
  done < <(find "$new" -type f -printf '%s %p\n' | sort -n)
}

# Adds minutes and executions to the target's row of the table, and says so.
fuzz_note() {
  local target=$1 minutes=$2 runs=$3
  awk -F ' *[|] *' -v target="\`$target\`" -v minutes="$minutes" -v runs="$runs" '
    $2 == target {printf "| %s | %s | %d | %.1f | %s |\n", $2, $3, $4 + minutes, $5 + runs / 1e6, $6; next} {print}
  ' "$FUZZ_TABLE" >"$FUZZ_TABLE.new"
  mv "$FUZZ_TABLE.new" "$FUZZ_TABLE"
}
