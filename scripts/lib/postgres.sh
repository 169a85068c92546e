# postgres.sh - a PostgreSQL cluster of our own, on loopback; the machine's own is never touched.
#
# The server refuses to run as root, so root runs it as the user postgres, who cannot look into
# /root, where a checkout may well lie: as root the cluster is kept in /var/lib/trainyard/ID, ID
# being made from the path of $TRAINYARD_HOME, where a link shows the way. As anybody else it lies
# in $TRAINYARD_HOME/postgres.

POSTGRES_LINK=$HOME_DIR/postgres
POSTGRES_OPTIONS=${POSTGRES_OPTIONS:-}

postgres_dir() {
  if [ "$(id -u)" = 0 ]; then
    printf '/var/lib/trainyard/%s' "$(printf '%s' "$HOME_DIR" | sha256sum | cut -c 1-12)"
  else
    printf '%s' "$POSTGRES_LINK"
  fi
}

# The newest installed server's folder of programs.
postgres_bin() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1; }

# Prints what makes a command run as the user who may run the server.
postgres_user() {
  [ "$(id -u)" != 0 ] || printf 'setpriv --reuid postgres --regid postgres --init-groups --'
}

postgres_password() { cat "$(postgres_dir)/$1.password"; }

# postgres_url USER DATABASE
postgres_url() {
  printf 'postgresql://%s:%s@127.0.0.1:%s/%s' "$1" "$(postgres_password "$1")" "$(port_of postgres)" "$2"
}

postgres_psql() { psql -X -q -At -v ON_ERROR_STOP=1 "$(postgres_url postgres postgres)" "$@"; }

postgres_answers() { [ "$(postgres_psql -c 'select 1')" = 1 ]; }

# Makes the cluster, with passwords that nobody needs to know: programs find them in the URL.
postgres_create() {
  local dir; dir=$(postgres_dir)
  # Without the link the state it belonged to was thrown away by hand.
  if [ "$(id -u)" = 0 ] && [ -d "$dir" ] && [ ! -L "$POSTGRES_LINK" ]; then rm -rf "$dir"; fi
  [ ! -f "$dir/created" ] || return 0
  step "making a PostgreSQL cluster in $dir"
  rm -rf "$dir"
  install -d -m 711 "$dir"
  (umask 077; secret >"$dir/postgres.password"; secret >"$dir/trainyard.password")
  if [ "$(id -u)" = 0 ]; then
    ln -sfn "$dir" "$POSTGRES_LINK"
    chmod 711 /var/lib/trainyard
    install -d -m 700 -o postgres -g postgres "$dir/data"
    chown postgres "$dir/postgres.password"
  fi
  # shellcheck disable=SC2046
  (cd / && $(postgres_user) "$(postgres_bin)/initdb" -D "$dir/data" -U postgres -A scram-sha-256 \
    --pwfile="$dir/postgres.password" -E UTF8 --locale=C.UTF-8) >"$HOME_DIR/log/postgres-create.log" 2>&1 ||
    process_lament "postgres-create failed"
  touch "$dir/created"
}

# The role and database of the programs.
postgres_grant() {
  [ -z "$(postgres_psql -c "select 1 from pg_database where datname = 'trainyard'")" ] || return 0
  postgres_psql <<SQL
set client_min_messages = warning;
drop role if exists trainyard;
create role trainyard login password '$(postgres_password trainyard)';
create database trainyard owner trainyard;
SQL
}

# No process works in the cluster's folder. (A killed server's children take a moment to notice.)
postgres_is_alone() { ! find /proc/[0-9]*/cwd -lname "$(postgres_dir)/data" 2>/dev/null | grep -q .; }

# A killed server leaves its lock, and its id too where nobody reaps it: the next one would take it
# for alive.
postgres_unlock() {
  local lock; lock=$(postgres_dir)/data/postmaster.pid
  [ -f "$lock" ] && [ -z "$(process_born "$(head -n 1 "$lock")")" ] || return 0
  wait_until 10 postgres_is_alone && rm -f "$lock"
}

postgres_start() {
  process_runs postgres && return
  postgres_create
  postgres_unlock
  step "starting PostgreSQL"
  local dir port; dir=$(postgres_dir) port=$(take_ports postgres 5432)
  # shellcheck disable=SC2046,SC2086
  (cd / && process_start postgres $(postgres_user) "$(postgres_bin)/postgres" -D "$dir/data" -p "$port" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 $POSTGRES_OPTIONS)
  process_wait postgres 60 postgres_answers
  postgres_grant
}

# INT: connections are closed, what is committed is kept. (TERM would wait for the clients.)
postgres_stop() { process_stop postgres INT 60; }

postgres_wipe() {
  rm -rf "$(postgres_dir)"
  rm -f "$POSTGRES_LINK"
}
