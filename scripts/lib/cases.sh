# cases.sh - runs test programs, counts their cases, and shows what failed.

PASSED=0 FAILED=0

# How each kind of program tells of its cases: TAP (cmocka, shell), or unittest -v.
count_lines() { grep -cE "$1" "$2" || true; }

# run_cases NAME COMMAND...: runs it with its output aside; a line for it, and the output if a case
# failed. What ends badly without a failed case (a crash, a leak) counts as one.
run_cases() {
  local name=$1 out=$HOME_DIR/log/case.log began=$EPOCHREALTIME code=0 passed failed; shift
  [ ! -t 1 ] || printf '  %-36s ...' "$name"
  timeout -k 10 600 "$@" >"$out" 2>&1 9>&- || code=$?
  passed=$(count_lines '^ok [0-9]| \.\.\. ok$|^ok$' "$out")
  failed=$(count_lines '^not ok [0-9]|^(FAIL|ERROR): (test|setUp|tearDown)' "$out")
  if [ "$code" = 0 ] && [ "$passed$failed" = 00 ]; then passed=1; fi
  if [ "$code" != 0 ] && [ "$failed" = 0 ]; then failed=1; fi
  [ ! -t 1 ] || printf '\r\033[K'
  printf '  %-36s %4d passed %s %8.2f s\n' "$name" "$passed" \
    "$([ "$failed" = 0 ] || printf '%s%d failed%s' "$RED" "$failed" "$PLAIN")" \
    "$(awk "BEGIN {print $EPOCHREALTIME - $began}")"
  PASSED=$((PASSED + passed)) FAILED=$((FAILED + failed))
  [ "$failed" = 0 ] || show_failure "$name" "$code" "$out"
}

show_failure() {
  [ "$2" != 124 ] || say "    it was ended after 600 s"
  [ "$2" -lt 128 ] || say "    it was killed by signal $(($2 - 128))"
  tail -n 200 "$3" | sed 's/^/    | /'
  cp "$3" "$HOME_DIR/log/failed-${1//\//-}.log"
}

# The tests that CMake knows with a label, one a line: NAME<tab>COMMAND.
registered_cases() {
  (cd "$BUILD" && ctest --show-only=json-v1) | jq -r --arg kind "$1" '.tests[]
    | select(any(.properties[]?; .name == "LABELS" and (.value | index($kind))))
    | "\(.name)\t\(.command | map(@sh) | join(" "))"'
}
