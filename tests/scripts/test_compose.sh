# docker-compose.yml is whole: what it starts, in which order, and that workers can be scaled. No
# engine is needed to look.
cd "$(dirname "$0")/../.." || exit
count=0 code=0

check() {
  local name=$1 said; shift
  count=$((count + 1))
  if said=$("$@" 2>&1); then echo "ok $count - $name"
  else code=1; echo "not ok $count - $name"; printf '# %s\n' "$said"; fi
}

# Both the old program and the plugin of today will do; the old one writes YAML only, and the
# distribution's Python has what reads it.
compose() { if command -v docker-compose >/dev/null; then docker-compose "$@"; else docker compose "$@"; fi; }
services() {
  if command -v docker-compose >/dev/null; then
    docker-compose config | /usr/bin/python3 -c 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)'
  else
    docker compose config --format json
  fi
}

# holds PYTHON: an expression over s, the services.
holds() { services | python3 -c "
import json, sys
s = json.load(sys.stdin)['services']
sys.exit(0 if ($1) else str(s))"; }

copies_what_is_there() {
  local path
  for path in $(sed -n 's/^COPY \([^-].*\) .*/\1/p' infra/docker/Dockerfile); do [ -e "$path" ] || return 1; done
}

calls_our_scripts() {
  local script
  for script in setup build; do
    grep -q "^RUN scripts/$script" infra/docker/Dockerfile && [ -x "scripts/$script" ] || return 1
  done
}

check "the Dockerfile copies what is there" copies_what_is_there
check "the Dockerfile calls our scripts" calls_our_scripts
check "the image runs as nobody special" grep -q '^USER trainyard$' infra/docker/Dockerfile
if ! compose version >/dev/null 2>&1; then
  echo "# docker-compose is not here (scripts/setup --test installs it): docker-compose.yml was not looked at"
  exit $code
fi
check "docker-compose.yml is valid" compose config -q
check "it has all services" holds "set(s) == {'postgres', 'kafka', 'migrate', 'api', 'worker'}"
check "workers can be scaled" holds "'ports' not in s['worker'] and 'container_name' not in s['worker']"
check "datasets and models are shared" holds "all(any('blobs' in str(v) for v in s[n]['volumes']) for n in ('api', 'worker'))"
check "programs wait for tables and topics" holds \
  "all(s[n]['depends_on']['migrate']['condition'] == 'service_completed_successfully' for n in ('api', 'worker'))"
check "every server has a health check" holds "all('test' in s[n]['healthcheck'] for n in ('postgres', 'kafka', 'api', 'worker'))"
check "images are pinned" holds "all(not v['image'].endswith(':latest') and ':' in v['image'] for v in s.values())"
check "only loopback is published" holds "all('127.0.0.1' in str(p) for v in s.values() for p in v.get('ports', []))"
exit $code
