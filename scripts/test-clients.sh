#!/bin/sh
# Real clients through the gate; writes docs/clients.md and the data that it is made from.
set -eu
cd "$(dirname "$0")/.."
scripts/setup.sh
scripts/setup-clients.sh
modules=${LOCKTENDER_CLIENTS_DIR:-/var/tmp/locktender-clients}
[ -d "$modules/node_modules/axios" ] ||
  npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$modules" axios@1.21.1 >&2
export LOCKTENDER_CLIENTS_MODULES="$modules/node_modules"
bin/node24 vitest run --config vitest.long.config.ts test/clients
