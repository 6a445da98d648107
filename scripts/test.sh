#!/bin/sh
# Passes all tests on a fresh machine: set-up, what the tests need from the system, then types, lint and format,
# layers, dead code, and every test. Ends with `N passed, N failed`.
set -u
cd "$(dirname "$0")/.."
scripts/setup.sh || { echo '0 passed, 1 failed'; exit 1; }
scripts/setup-test.sh || { echo '0 passed, 1 failed'; exit 1; }

passed=0 failed=0
step() {
  name=$1; shift
  if "$@"; then passed=$((passed + 1)); echo "ok: $name"; else failed=$((failed + 1)); echo "FAILED: $name"; fi
}
step types bin/node24 tsc -p .
step console-types bin/node24 tsc -p src/console
step lint bin/node24 biome check --error-on-warnings .
step layers bin/node24 depcruise --config .dependency-cruiser.cjs src
step dead-code bin/node24 knip

said=$(mktemp)
bin/node24 node scripts/run-tests.mjs "$@" | tee "$said"
counts=$(tail -n 1 "$said")
rm -f "$said"
case $counts in *[!0-9\ ]* | '') counts='0 1' ;; esac
passed=$((passed + ${counts% *})) failed=$((failed + ${counts#* }))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
