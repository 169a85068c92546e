# packages.sh - the distribution's packages that Trainyard is built with and runs on.
#
# What may as well have come from elsewhere is looked for as a program, the rest as a package.

BUILD_PACKAGES="gcc libc6-dev binutils cmake ninja-build pkg-config libgomp1 librdkafka-dev libulfius-dev
  libjansson-dev libpq-dev libmicrohttpd-dev libgnutls28-dev nettle-dev libcmocka-dev
  python3-yaml libcurl4-gnutls-dev zlib1g-dev"
PROGRAMS="git:git curl:curl jq:jq python3:python3"
FETCH_PROGRAMS="npm:npm" # only until native/ is there
RUN_PROGRAMS="kcat:kcat psql:postgresql-client ps:procps setpriv:util-linux"
TEST_PROGRAMS="docker-compose:docker-compose openssl:openssl"
CI_PROGRAMS="clang-format-14:clang-format-14"
FUZZ_PACKAGES="clang-14 libclang-rt-14-dev"

has_package() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

# Prints those of the packages that are not installed; one call of dpkg-query for all.
absent_packages() {
  local package installed
  installed=" $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^installed //p' | tr '\n' ' ')"
  for package; do case $installed in *" $package "*) ;; *) printf '%s ' "$package" ;; esac; done
}

# Prints the packages of those PROGRAM:PACKAGE whose program is not there.
absent_programs() {
  local pair
  for pair; do command -v "${pair%%:*}" >/dev/null || printf '%s ' "${pair#*:}"; done
}

# missing_packages PART...: what the parts (build, run, test, ci, fuzz) need and is not there.
missing_packages() {
  # shellcheck disable=SC2086
  {
    absent_packages $BUILD_PACKAGES ca-certificates
    absent_programs $PROGRAMS
    native_is_there || {
      absent_programs $FETCH_PROGRAMS
      python3 -m pip --version >/dev/null 2>&1 || printf 'python3-pip '
    }
    case " $* " in *" run "*)
      absent_programs $RUN_PROGRAMS
      [ -n "$(postgres_bin)" ] || printf 'postgresql '
      [ -n "$(java_program)" ] || printf 'openjdk-17-jre-headless '
      kafka_is_there || absent_programs mvn:maven ;;
    esac
    case " $* " in *" test "*)
      absent_programs $TEST_PROGRAMS
      python3 -c 'import ensurepip' 2>/dev/null || printf 'python3-venv ' ;;
    esac
    case " $* " in *" ci "*) absent_programs $CI_PROGRAMS ;; esac
    case " $* " in *" fuzz "*) absent_packages $FUZZ_PACKAGES ;; esac
  }
}

# As root, by sudo where it asks for no password, or not at all.
may_install() { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
privileged() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# Installing PostgreSQL would make and start a cluster of the distribution's own, on 5432. Where
# PostgreSQL is there already, its settings are left alone.
forbid_main_cluster() {
  has_package postgresql-common && return
  printf 'create_main_cluster = false\n' |
    privileged sh -c 'mkdir -p /etc/postgresql-common && cat >/etc/postgresql-common/createcluster.conf'
}

apt_install() {
  privileged env DEBIAN_FRONTEND=noninteractive apt-get update -q
  privileged env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

# install_packages yes|no PART...: yes, if they may be installed.
install_packages() {
  local allowed=$1 missing; shift
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || die "missing: $missing
This is no Debian or Ubuntu. Install these, or what they are called here, and run this again."
  [ "$allowed" = yes ] && may_install || die "missing packages: $missing
They may not be installed from here. Let an administrator run
  apt-get install --no-install-recommends $missing
(on a machine without PostgreSQL put 'create_main_cluster = false' into
/etc/postgresql-common/createcluster.conf first, or it starts a server of its own)
and run this again."
  step "installing $missing"
  forbid_main_cluster
  # shellcheck disable=SC2086
  logged setup apt_install $missing
}

# The same, of what one can do without.
install_extras() {
  local allowed=$1; shift
  if [ "$allowed" = yes ] && may_install; then
    install_packages yes "$@"
  elif [ -n "$(missing_packages "$@")" ]; then
    say "going on without $(missing_packages "$@")"
  fi
}
