#!/bin/sh
# Sets Locktender up on this machine: Node 24 LTS where the machine has none, then the locked packages.
# Idempotent; fetches from the npm registry only. POSIX sh, because it runs before anything else exists.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }

. scripts/node24.sh
if ! find_node24 any; then
  say "this machine's node ($(node -v 2>/dev/null || echo none)) is older than 24: fetching Node 24 LTS by its npm package"
  command -v npm >/dev/null 2>&1 || { say 'npm is needed to fetch Node 24; install npm, or Node 24 or newer'; exit 2; }
  npm ci --prefix toolchain --no-audit --no-fund --loglevel=error >&2
  find_node24 any || { say "Node 24 could not be fetched for $(uname -sm): is the npm registry reachable, and is this platform listed in toolchain/package.json? or install Node 24 or newer yourself"; exit 2; }
fi
PATH="$NODE24_DIR:$PATH"
export PATH
say "node $(node -v) from $NODE24_DIR"

# One install per lock file: a second run costs nothing.
stamp=node_modules/.locktender-lock
want=$(cksum < package-lock.json; node -v)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
  say 'packages are up to date'
elif [ -L node_modules ]; then
  say 'node_modules is a link, and an install would empty what it points to: run scripts/setup.sh there, or remove the link'
  exit 2
else
  # re2 compiles against the headers that came with that very node, so nothing is fetched from elsewhere.
  headers=$(dirname "$NODE24_DIR")
  if [ -d "$headers/include/node" ]; then
    npm_package_config_node_gyp_nodedir=$headers
    npm_config_nodedir=$headers
    export npm_package_config_node_gyp_nodedir npm_config_nodedir
  fi
  say 'installing the locked packages (re2 is compiled: about a minute)'
  # LOCKTENDER_OMIT=dev leaves the development packages out (images, servers).
  npm ci ${LOCKTENDER_OMIT:+--omit="$LOCKTENDER_OMIT"} --no-audit --no-fund --loglevel=error >&2
  printf '%s\n' "$want" > "$stamp"
fi
# Reading, testing and analysing the shipped rules takes seconds: once here rather than at each start. An image installs its
# packages before the source is there, and does this behind it.
if [ -f src/main.ts ]; then
  node --disable-warning=ExperimentalWarning scripts/prepare.mjs || { say 'what starts need could not be prepared'; exit 2; }
fi
say done
