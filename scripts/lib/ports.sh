# ports.sh - free ports on loopback, found by binding them.

# Tests set PORT_SHIFT, which is added to the usual ports, to stay out of the way of a running system.
PORT_SHIFT=${PORT_SHIFT:-0}

# free_ports WANTED...: prints for each wanted port itself, or the next free one above it.
free_ports() {
  python3 - "$@" <<'PYTHON'
import socket
import sys

held = []  # keeps what is chosen bound until all are, so that no port is given twice
for wanted in map(int, sys.argv[1:]):
    for port in range(wanted, wanted + 1000):
        probe = socket.socket()
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # else old connections count
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
            held.append(probe)
            break
        except OSError:
            probe.close()
    else:
        sys.exit(f"no free port from {wanted} to {wanted + 999}")
print(*(probe.getsockname()[1] for probe in held))
PYTHON
}

# noted_ports NAME: prints the ports that program NAME has, or had; nothing if it never ran.
noted_ports() { cat "$HOME_DIR/run/$1.ports" 2>/dev/null || true; }

# take_ports NAME WANTED...: prints free ports for NAME, those it had before if it can, and notes
# them. The first one of each program is what others ask for.
take_ports() {
  local name=$1 ports port; shift
  for port; do set -- "$@" $((port + PORT_SHIFT)); shift; done
  # shellcheck disable=SC2046
  if [ -n "$(noted_ports "$name")" ]; then set -- $(noted_ports "$name"); fi
  ports=$(free_ports "$@") || die "cannot start $name: see above"
  say "$ports" | tee "$HOME_DIR/run/$name.ports"
}

# port_of NAME [N]: prints the Nth port of NAME, the first by default.
port_of() { noted_ports "$1" | cut -d ' ' -f "${2:-1}"; }
