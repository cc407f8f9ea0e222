#!/bin/sh
# Usage: hardening_test.sh PROGRAM
# Reads the program with readelf and fails unless it is position-independent, relocated read-only before
# main (full RELRO), and built with stack protection, fortified libc calls and libstdc++'s assertions.
set -eu

program=$1
failed=0

# has WHAT PATTERN READELF-OPTION
has() {
  if readelf --wide "$3" "$program" | grep -Eq -e "$2"; then
    echo "ok: $1"
  else
    echo "FAILED: $1: 'readelf $3' shows nothing like '$2'"
    failed=1
  fi
}

has 'position-independent' 'Type: +DYN ' --file-header
has 'marked as an executable' 'FLAGS_1.*\<PIE\>' --dynamic
has 'bound at the start' '\<(BIND_NOW|NOW)\>' --dynamic
has 'relocations read-only' 'GNU_RELRO' --program-headers
has 'stack not executable' 'GNU_STACK.* RW ' --program-headers
has 'stack protector' '__stack_chk_fail' --dyn-syms
has 'fortified libc calls' '__[a-z]+_chk\>' --dyn-syms
has 'libstdc++ assertions' '__glibcxx_assert_fail' --dyn-syms
exit "$failed"
