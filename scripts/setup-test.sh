#!/bin/sh
# What the tests need from the system, from Debian: only what is missing is installed.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin
need=''
want() { command -v "$1" >/dev/null 2>&1 || need="$need $2"; }
want curl curl
want bwrap bubblewrap
want git git
want openssl openssl
want python3 python3
want chromium chromium
want tinyproxy tinyproxy-bin
want microsocks microsocks
want nft nftables
want ip iproute2
# promtool alone, taken out of Debian's prometheus: the package itself would start a server.
get_promtool() {
  command -v promtool >/dev/null 2>&1 || [ -x toolchain/promtool ] && return 0
  to=$PWD/toolchain/promtool work=$(mktemp -d)
  (cd "$work" && apt-get download -qq prometheus && dpkg-deb --fsys-tarfile prometheus_*.deb |
    tar -x ./usr/bin/promtool && install -m 0755 usr/bin/promtool "$to") >/dev/null 2>&1 ||
    echo 'setup-test: no promtool; its tests are skipped' >&2
  rm -rf "$work"
}
# nats-server alone, for the same reason.
get_nats() {
  command -v nats-server >/dev/null 2>&1 || [ -x toolchain/nats-server ] && return 0
  to=$PWD/toolchain/nats-server work=$(mktemp -d)
  (cd "$work" && { apt-get download -qq nats-server || { ${as_root-sudo} apt-get update -qq && apt-get download -qq nats-server; }; } && dpkg-deb --fsys-tarfile nats-server_*.deb |
    tar -x ./usr/sbin/nats-server && install -m 0755 usr/sbin/nats-server "$to") >/dev/null 2>&1 ||
    echo 'setup-test: no nats-server; the tests of fleets fail' >&2
  rm -rf "$work"
}
[ "$(id -u)" -ne 0 ] || as_root=''
[ -z "$need" ] && { get_promtool; get_nats; exit 0; }
if [ "$(id -u)" -eq 0 ]; then as_root=''; elif command -v sudo >/dev/null 2>&1; then as_root=sudo; else
  echo "setup-test: install these first:$need" >&2; exit 2
fi
echo "setup-test: installing$need" >&2
$as_root apt-get update -qq >&2
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $need >/dev/null
get_promtool
get_nats
