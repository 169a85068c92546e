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

# The schema of AsyncAPI documents, of the package that AsyncAPI publishes.
ASYNCAPI_PACKAGE=@asyncapi/specs@6.8.1
ASYNCAPI_DIGEST=252bfd18c12f60f654ab4def022e3ec9f9589e6dfd65c238204f77c07a1f6b46
ASYNCAPI_SCHEMA=$TEST_TOOLS/asyncapi-3.0.0.json

asyncapi_fetch() {
  (
    cd "$TEST_TOOLS" &&
      npm pack --silent "$ASYNCAPI_PACKAGE" >/dev/null &&
      echo "$ASYNCAPI_DIGEST  asyncapi-specs-6.8.1.tgz" | sha256sum --check --quiet - &&
      tar -xzOf asyncapi-specs-6.8.1.tgz 'package/schemas/3.0.0-without-$id.json' >"$ASYNCAPI_SCHEMA.new" &&
      mv "$ASYNCAPI_SCHEMA.new" "$ASYNCAPI_SCHEMA"
    rm -f asyncapi-specs-6.8.1.tgz
  )
}

# What tests can do without; each file is checked against the digests of requirements.txt.
install_test_tools() {
  test_tools_are_there && [ -s "$ASYNCAPI_SCHEMA" ] && return
  step "fetching what tests use"
  mkdir -p "$NATIVE" "$ROOT/build"
  test_tools_are_there || test_tools_make >"$ROOT/build/test-tools.log" 2>&1 ||
    say "going on without schemathesis: build/test-tools.log tells why"
  [ ! -d "$TEST_TOOLS" ] || [ -s "$ASYNCAPI_SCHEMA" ] || asyncapi_fetch >>"$ROOT/build/test-tools.log" 2>&1 ||
    say "going on without the schema of AsyncAPI: build/test-tools.log tells why"
}
