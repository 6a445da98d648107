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
# Stands before what only root may do.
as_root=''
[ "$(id -u)" -eq 0 ] || as_root=sudo
# One program out of a Debian package, into toolchain/: the package itself would start a server.
get_alone() {
  program=$1 package=$2 path=$3 without=$4
  if command -v "$program" >/dev/null 2>&1 || [ -x "toolchain/$program" ]; then return 0; fi
  work=$(mktemp -d)
  if ! take_out >"$work/said" 2>&1; then
    echo "setup-test: no $program ($(tail -n 1 "$work/said")); without it $without." \
      "Put it on the PATH or into toolchain/, or let apt-get reach a Debian mirror and run this again." >&2
  fi
  rm -rf "$work"
}
take_out() {
  # The lists may be older than what the mirror has.
  download || { $as_root apt-get update -qq && download; } || return 1
  dpkg-deb --fsys-tarfile "$work/${package}"_*.deb | tar -x -C "$work" "./$path" || return 1
  install -m 0755 "$work/$path" "toolchain/$program"
}
download() { (cd "$work" && apt-get download -qq "$package"); }
get_servers() {
  get_alone promtool prometheus usr/bin/promtool 'the tests of alert rules are skipped'
  get_alone nats-server nats-server usr/sbin/nats-server 'the tests of fleets fail'
}
if [ -z "$need" ]; then
  get_servers
  exit 0
fi
if [ -n "$as_root" ] && ! command -v sudo >/dev/null 2>&1; then
  echo "setup-test: install these first:$need" >&2
  exit 2
fi
echo "setup-test: installing$need" >&2
$as_root apt-get update -qq >&2
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $need >/dev/null
get_servers
