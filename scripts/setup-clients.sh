#!/bin/sh
# What `npm run test:clients` needs beyond scripts/setup-test.sh, from Debian: only what is missing is installed.
# A package that this release does not have is said to be missing and left out; the test then says so too.
set -eu
cd "$(dirname "$0")/.."
scripts/setup-test.sh
command -v npm >/dev/null 2>&1 && npm='' || npm=npm
packages="wget $npm ca-certificates python3 python3-pip python3-requests python3-httpx python3-aiohttp python3-h2 python3-websocket
python3-grpcio golang-go default-jdk-headless ruby php-cli php-curl libwww-perl liblwp-protocol-https-perl
cargo rustc nftables iproute2"
need=''
for package in $packages; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || need="$need $package"
done
[ -z "$need" ] && exit 0
if [ "$(id -u)" -eq 0 ]; then as_root=''; elif command -v sudo >/dev/null 2>&1; then as_root=sudo; else
  echo "setup-clients: install these first:$need" >&2; exit 2
fi
$as_root apt-get update -qq >&2
export DEBIAN_FRONTEND=noninteractive
# One by one: a package that cannot live beside what this machine has (a Node that is not Debian's) costs only its clients.
for package in $need; do
  echo "setup-clients: installing $package" >&2
  $as_root apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 ||
    echo "setup-clients: $package cannot be installed here; its clients are not tried" >&2
done
