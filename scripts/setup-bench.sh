#!/bin/sh
# What `npm run bench:proxy` compares with, from the registries of Debian and npm: squid, tinyproxy, mitmproxy, mockttp, proxy-chain.
# A peer that is not there is left out of the comparison. The npm ones stay out of the project: nothing else needs them.
set -eu
modules=${LOCKTENDER_BENCH_DIR:-/var/tmp/locktender-bench}
need=''
for package in squid-openssl tinyproxy mitmproxy; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || need="$need $package"
done
if [ -n "$need" ]; then
  if [ "$(id -u)" -eq 0 ]; then as_root=''; else as_root=sudo; fi
  $as_root apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $need >/dev/null
fi
[ -d "$modules/node_modules/proxy-chain" ] ||
  npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$modules" mockttp@4.6.5 proxy-chain@3.0.1 >&2
echo "export LOCKTENDER_BENCH_DIR=$modules"
