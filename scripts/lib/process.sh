# process.sh - programs in the background, by the ids noted in $HOME_DIR/run.
#
# run/NAME.pid holds the id, run/NAME.born when the process with that id began: an id that the
# system has given to another process since is never taken for ours. There need be no init system.

# When process $1 began, in clock ticks since boot; nothing if there is none, or it is a zombie.
process_born() {
  sed -n 's/^.*) //p' "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" {print $20}'
}

process_pid() { cat "$HOME_DIR/run/$1.pid" 2>/dev/null || true; }

process_runs() {
  local pid born
  pid=$(process_pid "$1")
  [ -n "$pid" ] || return 1
  born=$(process_born "$pid")
  [ -n "$born" ] && [ "$born" = "$(cat "$HOME_DIR/run/$1.born" 2>/dev/null)" ]
}

process_is_gone() { ! process_runs "$1"; }

# process_start NAME COMMAND...: starts it apart from this terminal, with log/NAME.log.
process_start() {
  local name=$1 pid; shift
  [ ! -f "$HOME_DIR/log/$name.log" ] || mv "$HOME_DIR/log/$name.log" "$HOME_DIR/log/$name.log.1"
  # 9 is the lock that scripts/up holds: it must not outlive it.
  setsid "$@" </dev/null >"$HOME_DIR/log/$name.log" 2>&1 9>&- &
  pid=$!
  process_born "$pid" >"$HOME_DIR/run/$name.born"
  say "$pid" >"$HOME_DIR/run/$name.pid"
}

# process_wait NAME SECONDS COMMAND...: waits until the command holds; ends the script with the
# program's last words if it dies or takes too long.
process_wait() {
  local name=$1 deadline=$((SECONDS + $2)); shift 2
  until "$@" >/dev/null 2>&1; do
    if process_is_gone "$name"; then
      process_lament "$name ended instead of starting"
    elif [ "$SECONDS" -ge "$deadline" ]; then
      process_lament "$name does not answer"
    fi
    sleep 0.1
  done
}

process_lament() {
  local name=${1%% *}
  tail -n 15 "$HOME_DIR/log/$name.log" | sed 's/^/    /' >&2
  die "$1. Above are the last lines of $HOME_DIR/log/$name.log"
}

# process_stop NAME [SIGNAL [SECONDS]]: asks it to end, and kills it when the time is over.
process_stop() {
  local name=$1 signal=${2:-TERM} seconds=${3:-40} pid
  if process_runs "$name"; then
    pid=$(process_pid "$name")
    kill -s "$signal" "$pid" 2>/dev/null || true
    if ! wait_until "$seconds" process_is_gone "$name"; then
      warn "$name did not end within $seconds s and is killed"
      kill -s KILL "$pid" 2>/dev/null || true
      wait_until 10 process_is_gone "$name" || die "$name (process $pid) cannot be ended"
    fi
  fi
  rm -f "$HOME_DIR/run/$name.pid" "$HOME_DIR/run/$name.born"
}

# process_names PREFIX: prints the noted programs whose names begin so, one a line.
process_names() {
  local file
  for file in "$HOME_DIR/run/$1"*.pid; do
    [ ! -f "$file" ] || basename "$file" .pid
  done
}

# process_kill NAME: no time to say good-bye.
process_kill() { process_stop "$1" KILL; }
