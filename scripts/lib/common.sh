# common.sh - what every script stands on: where things are, and how to speak.
# Sourced; sets ROOT (the checkout), HOME_DIR (where a running system keeps its state), NATIVE.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
HOME_DIR=${TRAINYARD_HOME:-$ROOT/.trainyard}
case $HOME_DIR in /*) ;; *) HOME_DIR=$PWD/$HOME_DIR ;; esac
NATIVE=$ROOT/native
export LC_ALL=C.UTF-8

if [ -t 1 ]; then BOLD=$'\033[1m' RED=$'\033[31m' GREEN=$'\033[32m' PLAIN=$'\033[0m'
else BOLD='' RED='' GREEN='' PLAIN=''; fi

say() { printf '%s\n' "$*"; }
step() { printf '%s==>%s %s\n' "$BOLD" "$PLAIN" "$*"; }
warn() { printf '%s%s%s\n' "$RED" "$*" "$PLAIN" >&2; }
die() { warn "$*"; exit 1; }

# Prints the comment at the head of the script that calls it.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# misused WORD: ends a script that was given a word it does not know.
misused() { die "${0##*/} does not know '$1': see ${0##*/} --help"; }

# counted OPTION VALUE: prints VALUE if it is a number above 0.
counted() {
  case ${2:-} in '' | *[!0-9]* | 0*) die "$1 wants a number above 0, such as $1 2" ;; *) printf '%s' "$2" ;; esac
}

# Makes the folder of a running system: passwords, keys and data are nobody else's to read.
make_home() {
  [ -d "$HOME_DIR" ] || mkdir -p -m 700 "$HOME_DIR" || die "cannot make $HOME_DIR: set TRAINYARD_HOME to a folder that can be written"
  mkdir -p "$HOME_DIR/run" "$HOME_DIR/log"
}

# wait_until SECONDS COMMAND...: true as soon as the command is, false when the time is over.
wait_until() {
  local deadline=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

# Random letters and digits, for passwords.
secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# logged NAME COMMAND...: runs a long command with build/NAME.log, showing its last line meanwhile
# (at a terminal; otherwise now and then), and all of its end if it fails.
logged() {
  local log=$ROOT/build/$1.log pid next=$((SECONDS + 15)); shift
  mkdir -p "$ROOT/build"
  "$@" >"$log" 2>&1 &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    if [ -t 1 ]; then
      printf '\r\033[K    %.70s' "$(tail -n 1 "$log" | tr -d '\r')"
    elif [ "$SECONDS" -ge "$next" ]; then
      printf '    %.100s\n' "$(tail -n 1 "$log")"
      next=$((SECONDS + 15))
    fi
    sleep 0.2
  done
  [ ! -t 1 ] || printf '\r\033[K'
  wait "$pid" || { tail -n 30 "$log" >&2; die "$* failed: all it said is in $log"; }
}
