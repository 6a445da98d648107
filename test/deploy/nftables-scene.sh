#!/bin/sh
# Run in namespaces of its own (unshare): this one is the host with the gate, `box` a sandbox, `world` what lies beyond.
# Prints what the sandbox reaches, before the recipe and after, as lines `before|after NAME open|closed`.
set -eu
recipe=$1
probes=$2
PATH=$PATH:/usr/sbin:/sbin
mount -t tmpfs tmpfs /run
ip link set lo up
for name in box world; do
  ip netns add "$name"
  ip netns exec "$name" ip link set lo up
done
wire() { # NAME NETWORK: 10.NETWORK.0.1 and fdNETWORK::1 here, .2 and ::2 there
  ip link add "to-$1" type veth peer name eth0 netns "$1"
  ip addr add "10.$2.0.1/24" dev "to-$1"
  ip addr add "fd$2::1/64" dev "to-$1" nodad
  ip link set "to-$1" up
  ip netns exec "$1" ip addr add "10.$2.0.2/24" dev eth0
  ip netns exec "$1" ip addr add "fd$2::2/64" dev eth0 nodad
  ip netns exec "$1" ip link set eth0 up
  ip netns exec "$1" ip route add default via "10.$2.0.1"
  ip netns exec "$1" ip -6 route add default via "fd$2::1"
}
wire box 77
wire world 78
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
python3 "$probes" serve 3128 9128 8080 &
ip netns exec world python3 "$probes" serve 443 80 &
ip netns exec box python3 "$probes" serve 22 &
# Each port by each family: a listener, a route or a neighbour may be later than the others.
ip netns exec box python3 "$probes" wait 10.77.0.1:3128 10.77.0.1:9128 10.77.0.1:8080 fd77::1:3128 10.78.0.2:443 10.78.0.2:80 fd78::2:443
python3 "$probes" wait 10.77.0.2:22
ip netns exec box python3 "$probes" try before
ip netns exec world python3 "$probes" reach before
nft -D sandboxes=to-box -D gate=10.77.0.1 -f "$recipe"
# Again, as an operator does after a change.
nft -D sandboxes=to-box -D gate=10.77.0.1 -f "$recipe"
ip netns exec box python3 "$probes" try after
ip netns exec world python3 "$probes" reach after
