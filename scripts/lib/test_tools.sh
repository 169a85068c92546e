# test_tools.sh - Python programs that tests use, in native/test-tools, apart from the system's own.

TEST_TOOLS=$NATIVE/test-tools

test_tools_stamp() { sha256sum <"$ROOT/tests/requirements.txt"; }
test_tools_are_there() { [ "$(cat "$TEST_TOOLS/stamp" 2>/dev/null)" = "$(test_tools_stamp)" ]; }

test_tools_make() {
  rm -rf "$TEST_TOOLS" &&
    python3 -m venv "$TEST_TOOLS" &&
    "$TEST_TOOLS/bin/pip" install --disable-pip-version-check -q --no-deps --require-hashes -r "$ROOT/tests/requirements.txt" &&
    test_tools_stamp >"$TEST_TOOLS/stamp"
}

# What tests can do without; each file is checked against the digests of requirements.txt.
install_test_tools() {
  test_tools_are_there && return
  step "fetching what tests use"
  mkdir -p "$NATIVE" "$ROOT/build"
  test_tools_make >"$ROOT/build/test-tools.log" 2>&1 ||
    say "going on without schemathesis: build/test-tools.log tells why"
}
