#!/bin/sh
# Usage: install_test.sh CMAKE BUILD-DIRECTORY SOURCE-DIRECTORY COMPILER
# Installs into a directory of its own, looks at what is there, builds the examples of the client library
# against that alone, and runs them beside the installed proxy.
set -eu

cmake=$1 build=$2 source=$3 compiler=$4
place=$(mktemp -d)
started=''
finish() {
  for process in $started; do kill "$process" 2>/dev/null || true; done
  wait
  rm -rf "$place"
}
trap finish EXIT
fail() {
  echo "FAILED: $*"
  for log in "$place"/*.log; do echo "--- $log"; cat "$log"; done
  exit 1
}
# Looks again until the command succeeds, for 20 s.
until_it_does() {
  for _ in $(seq 200); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  fail "never: $*"
}

"$cmake" --install "$build" --prefix "$place/installed" >"$place/install.log" 2>&1 || fail install
library=$(find "$place/installed" -name libsluice-client.so)
[ -n "$library" ] || fail 'no library'
[ "$(ls "$place/installed/include/sluice")" = "$(printf 'discoverer.h\nregistrar.h')" ] || fail headers

# It needs no more than it calls, is found by no path of this build's, and offers its API alone.
readelf --wide --dynamic "$library" >"$place/dynamic.log"
needed=$(sed -n 's/.*(NEEDED).*\[\(lib[a-z_+]*\).*/\1/p' "$place/dynamic.log" | sort | tr '\n' ' ')
[ "$needed" = 'libc libcurl libgcc_s libm libstdc++ libuv libxxhash libyaml libz ' ] || fail "needs $needed"
if grep -qE 'RPATH|RUNPATH' "$place/dynamic.log"; then fail 'a path of the build is in it'; fi
if readelf --wide --dynamic "$place/installed/bin/sluice" | grep -qE 'RPATH|RUNPATH'; then fail rpath; fi
nm --dynamic --defined-only --demangle "$library" >"$place/symbols.log"
if grep -vE ' A SLUICE_CLIENT_| T sluice::client::(Registrar|Discoverer)::' "$place/symbols.log"; then
  fail 'exports more than its API'
fi

"$cmake" -S "$source/proxy/client/examples" -B "$place/examples" -DCMAKE_CXX_COMPILER="$compiler" \
  -DCMAKE_PREFIX_PATH="$place/installed" -DCMAKE_CXX_FLAGS='-Wall -Wextra -Wpedantic -Wshadow -Werror' \
  -DCMAKE_BUILD_TYPE=Release >"$place/configure.log" 2>&1 || fail configure
"$cmake" --build "$place/examples" >"$place/build.log" 2>&1 || fail build

cat >"$place/sluice.yaml" <<END
admin: {bind: "unix:$place/admin"}
registry: {store: {type: memory}}
listeners: [{bind: "unix:$place/front", service: web}]
services: [{name: web, check: {type: none}}]
END
server=unix:$place/admin
"$place/installed/bin/sluice" run "$place/sluice.yaml" >"$place/sluice.log" 2>&1 &
started="$started $!"
# Registers whenever the proxy comes: no need to wait for it.
"$place/examples/greeter" "$server" web a >"$place/greeter.log" 2>&1 &
greeter=$!
started="$started $greeter"
visited() { [ "$("$place/examples/visitor" "$server" web 2>&1)" = "$1" ]; }
until_it_does visited 'hello from a'
kill "$greeter"
wait "$greeter" || fail 'the greeter did not end well'
grep -q 'greeter: deregistered web/a' "$place/greeter.log" || fail 'the greeter did not deregister'
until_it_does visited 'visitor: nobody answers'
echo ok
