#!/bin/sh
# The containers, for real: builds the images, composes them up, and attacks the way out from inside a sandbox.
set -eu
cd "$(dirname "$0")/.."
scripts/setup.sh
settings=$(scripts/setup-docker.sh)
# shellcheck disable=SC2046
export $(printf '%s\n' "$settings" | grep -E '^[A-Z_]+=[A-Za-z0-9_:/.-]+$')
[ -z "${DOCKER_PID:-}" ] || trap 'kill "$DOCKER_PID"' EXIT
bin/node24 vitest run --config vitest.long.config.ts test/docker
