# Every script can be read by bash, and tells what it does when asked.
cd "$(dirname "$0")/../.." || exit
count=0 code=0

# check NAME COMMAND...: one case.
check() {
  local name=$1 said; shift
  count=$((count + 1))
  if said=$("$@" 2>&1); then echo "ok $count - $name"
  else code=1; echo "not ok $count - $name"; printf '# %s\n' "$said"; fi
}

tells_its_use() { "$1" --help | grep -q "^  $1"; }
refuses_unknown_words() { ! "$1" --no-such-option && "$1" --no-such-option 2>&1 | grep -q -- '--help'; }

for file in scripts/lib/*.sh .ci/run tests/scripts/*.sh; do check "$file is bash" bash -n "$file"; done
for file in scripts/*; do
  [ -f "$file" ] || continue
  check "$file is bash" bash -n "$file"
  check "$file --help" tells_its_use "$file"
  check "$file refuses what it does not know" refuses_unknown_words "$file"
done
exit $code
