# native.sh - the engine's libraries, LightGBM and DuckDB, in native/lib and native/include.
#
# Neither is in the distribution. Both come from where they are published ready built, each file
# under its digest; their headers come in sister packages. $NATIVE_DL may name a folder that holds
# the files of infra/native/downloads.sha256 already: then no network is needed.

DOWNLOADS=$ROOT/infra/native/downloads.sha256
LIGHTGBM_WHEEL=$(awk '/whl$/ {print $2}' "$DOWNLOADS")
LIGHTGBM_SOURCE=lightgbm-4.7.0.tar.gz
DUCKDB_LIBRARY=duckdb-node-bindings-linux-x64-1.5.6-r.1.tgz
DUCKDB_HEADER=duckdb-1.4.4.tgz # the last with a header; the C API only grows, so it serves 1.5

native_digest() { awk -v name="$1" '$2 == name {print $1}' "$DOWNLOADS"; }

# Fails unless the file of that name in the current folder is the one that was pinned.
native_check() {
  grep " $1\$" "$DOWNLOADS" | sha256sum --check --quiet - ||
    die "$1 is not the file that infra/native/downloads.sha256 pins: it was not used."
}

# pip looks into the metadata of a source package, so the digest goes along: nothing runs unchecked.
native_pip() {
  local file=$1; shift
  printf 'lightgbm==4.7.0 --hash=sha256:%s\n' "$(native_digest "$file")" >requirements.txt
  python3 -m pip download -q --disable-pip-version-check --no-deps --require-hashes \
    -r requirements.txt "$@"
}

native_fetch() {
  local file=$1
  if [ -f "${NATIVE_DL:-}/$file" ]; then
    cp "$NATIVE_DL/$file" .
  else
    say "    $file"
    case $file in
      "$LIGHTGBM_WHEEL") native_pip "$file" --only-binary :all: --platform manylinux_2_28_x86_64 ;;
      "$LIGHTGBM_SOURCE") native_pip "$file" --no-binary lightgbm ;;
      "$DUCKDB_LIBRARY") npm pack --silent @duckdb/node-bindings-linux-x64@1.5.6-r.1 >/dev/null ;;
      "$DUCKDB_HEADER") npm pack --silent duckdb@1.4.4 >/dev/null ;;
    esac
  fi
  native_check "$file"
}

# Takes what we need out of the packages in the current folder.
native_unpack() {
  python3 -m zipfile -e "$LIGHTGBM_WHEEL" wheel
  mkdir -p lib include/LightGBM
  mv wheel/lightgbm/lib/lib_lightgbm.so lib/
  tar -xzf "$LIGHTGBM_SOURCE" --strip-components=2 -C include \
    lightgbm-4.7.0/include/LightGBM/{c_api,arrow,export}.h
  tar -xzf "$DUCKDB_LIBRARY" --strip-components=1 -C lib package/libduckdb.so
  strip lib/libduckdb.so
  tar -xzf "$DUCKDB_HEADER" --strip-components=5 -C include package/src/duckdb/src/include/duckdb.h
}

native_is_there() { cmp -s "$DOWNLOADS" "$NATIVE/downloads.sha256"; }

# Puts the libraries into native/, once for each list of downloads.
install_native() {
  local file work
  native_is_there && return
  [ "$(uname -m)" = x86_64 ] ||
    die "there are no pinned libraries for $(uname -m) yet: only x86_64 is supported.
To add it: the same packages for that machine in infra/native/downloads.sha256 and scripts/lib/native.sh."
  step "fetching LightGBM and DuckDB"
  mkdir -p "$NATIVE"
  rm -rf "$NATIVE"/new.*
  work=$(mktemp -d "$NATIVE/new.XXXXXX")
  (
    cd "$work"
    for file in $(awk '{print $2}' "$DOWNLOADS"); do native_fetch "$file"; done
    native_unpack
  )
  rm -rf "$NATIVE/lib" "$NATIVE/include"
  mv "$work/lib" "$work/include" "$NATIVE/"
  rm -rf "$work"
  cp "$DOWNLOADS" "$NATIVE/"
}
