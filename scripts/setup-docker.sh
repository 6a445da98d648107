#!/bin/sh
# What `npm run test:docker` needs: an engine that runs, and a base image. Prints the variables that say where they are.
# Everything comes from Debian; a registry of images is not needed. Run as root where no engine runs yet.
#   BASE_IMAGE   used as it is when set; else made by debootstrap, with this machine's trust store
#   DOCKER_HOST  used as it is when an engine answers there; else one is started, and its pid printed as DOCKER_PID
set -eu
cd "$(dirname "$0")/.."
say() { printf 'setup-docker: %s\n' "$*" >&2; }

need=''
want() { command -v "$1" >/dev/null 2>&1 || need="$need $2"; }
want dockerd docker.io
want docker docker.io
want docker-compose docker-compose
[ -n "${BASE_IMAGE:-}" ] || want debootstrap debootstrap
if [ -n "$need" ]; then
  say "installing$need"
  apt-get update -qq >&2
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $need iptables >/dev/null
fi

dir=${LOCKTENDER_DOCKER_DIR:-/var/tmp/locktender-docker}
if ! docker info >/dev/null 2>&1; then
  DOCKER_HOST=unix://$dir/docker.sock
  export DOCKER_HOST
  if ! docker info >/dev/null 2>&1; then
    mkdir -p "$dir"
    say "starting an engine of our own in $dir"
    rm -f "$dir/pid"
    dockerd -H "$DOCKER_HOST" --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" >"$dir/dockerd.log" 2>&1 &
    engine=$!
    tries=0
    until docker info >/dev/null 2>&1; do
      tries=$((tries + 1))
      if [ "$tries" -gt 60 ] || ! kill -0 "$engine" 2>/dev/null; then
        say 'the engine did not start:'; tail -5 "$dir/dockerd.log" >&2; exit 1
      fi
      sleep 0.5
    done
    printf 'DOCKER_PID=%s\n' "$engine"
  fi
  printf 'DOCKER_HOST=%s\n' "$DOCKER_HOST"
fi

if [ -z "${BASE_IMAGE:-}" ]; then
  BASE_IMAGE=locktender-base:12
  if ! docker image inspect "$BASE_IMAGE" >/dev/null 2>&1; then
    root=$(mktemp -d)
    say 'making a Debian 12 base image by debootstrap'
    debootstrap --variant=minbase --include=ca-certificates bookworm "$root" http://deb.debian.org/debian >&2
    # As company images do: what this machine trusts, the image trusts.
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
    cp -L /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
    printf 'cafile=/etc/ssl/certs/ca-certificates.crt\n' > "$root/etc/npmrc"
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
    tar -C "$root" -c . | docker import - "$BASE_IMAGE" >/dev/null
    rm -rf "$root"
  fi
fi
printf 'BASE_IMAGE=%s\n' "$BASE_IMAGE"
