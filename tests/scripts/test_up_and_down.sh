# A system comes up, is found again, grows, survives that all of it is killed, and goes away.
cd "$(dirname "$0")/../.." || exit
TRAINYARD_HOME=$(mktemp -d "${TMPDIR:-/tmp}/trainyard.XXXXXX")/home
export TRAINYARD_HOME PORT_SHIFT=${PORT_SHIFT:-$((10000 + RANDOM % 10000))}
trap 'scripts/down --wipe >/dev/null; rmdir "${TRAINYARD_HOME%/home}"' EXIT
count=0 code=0

check() {
  local name=$1 said; shift
  count=$((count + 1))
  if said=$("$@" 2>&1); then echo "ok $count - $name"
  else code=1; echo "not ok $count - $name"; printf '%s\n' "$said" | sed 's/^/# /'; fi
}

noted() { sed -n "s/^$1=//p" "$TRAINYARD_HOME/env"; }
pids() { (cd "$TRAINYARD_HOME/run" && grep . -- *.pid); }
ask() { curl --noproxy '*' -sS -f -H "x-api-key: $(noted TRAINYARD_API_KEY)" "$(noted TRAINYARD_URL)$1"; }

comes_up() { local said; said=$(scripts/up --no-install 2>&1); echo "$said"; [[ $said == *"10 predictions on one connection"*" is ACTIVE: POST "*"7043 predictions in "*" v2.0 is READY"* ]]; }
is_private() { [ "$(stat -c %a "$TRAINYARD_HOME" "$TRAINYARD_HOME/env" | tr '\n' ' ')" = "700 600 " ]; }

finds_all() {
  local before; before=$(pids)
  scripts/up --no-install --no-demo && [ "$before" = "$(pids)" ]
}

grows() {
  local before; before=$(pids)
  scripts/up --no-install --no-demo --workers 2 --apis 2 &&
    [ "$(pids | wc -l)" = "$(($(wc -l <<<"$before") + 2))" ] && [[ $before != *worker-2* && $(pids) == *worker-2* ]]
}

survives() {
  local key file; key=$(noted TRAINYARD_API_KEY)
  for file in "$TRAINYARD_HOME"/run/*.pid; do kill -s KILL "$(cat "$file")" || return; done
  scripts/up --no-install --no-demo && [ "$key" = "$(noted TRAINYARD_API_KEY)" ] &&
    [ "$(ask /models/churn | jq -r .status)" = READY ]
}

# A number that another process has by now is not ours to stop.
spares_others() {
  local other alive=1
  sleep 60 & other=$!
  printf '%s\n' "$other" >"$TRAINYARD_HOME/run/worker-9.pid"
  printf '1\n' >"$TRAINYARD_HOME/run/worker-9.born"
  scripts/down && kill -0 "$other" && alive=0
  kill "$other"
  return $alive
}

stops() { ! ask /healthz && [ -z "$(ls "$TRAINYARD_HOME"/run/*.pid 2>/dev/null)" ]; }
wipes() { scripts/down --wipe && [ ! -e "$TRAINYARD_HOME" ]; }

check "up builds a first model and predicts" comes_up
check "what it keeps is its owner's" is_private
check "up again finds everything" finds_all
check "up adds what is asked for" grows
check "all killed, up starts it again with what it knew" survives
check "down spares what is not its own" spares_others
check "down stops everything" stops
check "down --wipe removes everything" wipes
check "down does not mind that nothing runs" scripts/down
exit $code
