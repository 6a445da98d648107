#!/bin/sh
# Passes all tests on a fresh machine: set-up, what the tests need from the system, then types, lint and format,
# layers, dead code, and every test. Ends with `N passed, N failed`.
set -u
cd "$(dirname "$0")/.."
# One waits for the network while the other compiles.
scripts/setup-test.sh & system=$!
scripts/setup.sh || { wait "$system"; echo '0 passed, 1 failed'; exit 1; }
wait "$system" || { echo '0 passed, 1 failed'; exit 1; }

passed=0 failed=0
said=$(mktemp -d)
# Run beside one another; each is told when all have ended, with what it said.
check() {
  name=$1; shift
  if "$@" > "$said/$name" 2>&1; then echo ok > "$said/$name.end"; else echo FAILED > "$said/$name.end"; fi
}
tell() {
  cat "$said/$1"
  end=$(cat "$said/$1.end" 2>/dev/null) || end=FAILED
  if [ "$end" = ok ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  echo "$end: $1"
}
check types bin/node24 tsc -p . & types=$!
check console-types bin/node24 tsc -p src/console
check lint bin/node24 biome check --error-on-warnings .
check layers bin/node24 depcruise --config .dependency-cruiser.cjs src
check dead-code bin/node24 knip
wait "$types"
for name in types console-types lint layers dead-code; do tell "$name"; done

bin/node24 node scripts/run-tests.mjs "$@" | tee "$said/tests"
counts=$(tail -n 1 "$said/tests")
rm -rf "$said"
case $counts in *[!0-9\ ]* | '') counts='0 1' ;; esac
passed=$((passed + ${counts% *})) failed=$((failed + ${counts#* }))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
