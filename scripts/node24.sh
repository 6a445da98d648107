# Sourced by every script: finds a Node of at least 24 and sets NODE24_DIR to its folder, or NODE24_WHY to why there is none.
# The machine's own node may be past its end of life, and its V8 is our sandbox wall.

# Its version is asked for, not code run: that takes a fifth of the time, and every command waits for it.
node24_major() {
  major=
  [ -x "$1" ] || return 1
  version=$("$1" --version 2>/dev/null) || return 1
  major=${version#v}
  major=${major%%.*}
  case $major in '' | *[!0-9]*) return 1 ;; esac
  [ "$major" -ge 24 ]
}

# What is compiled among the packages runs with the major version that they were installed with, and no other: a newer node
# that came to the machine since is passed over. Only set-up, which installs them anew, asks for `any`.
find_node24() {
  root=${LOCKTENDER_ROOT:-$(pwd)}
  built=
  stamp=$root/node_modules/.locktender-lock
  if [ "${1:-}" != any ] && [ -r "$stamp" ]; then
    { read -r _ && read -r built; } < "$stamp" || built=
    built=${built#v}
    built=${built%%.*}
  fi
  own=$(command -v node 2>/dev/null || true)
  NODE24_WHY="Node 24 or newer is needed, and this machine has $("${own:-false}" --version 2>/dev/null || echo none)"
  for candidate in "$root"/toolchain/node_modules/node-*/bin/node "$own"; do
    [ -n "$candidate" ] && node24_major "$candidate" || continue
    if [ -z "$built" ] || [ "$major" = "$built" ]; then
      NODE24_DIR=$(dirname "$candidate")
      return 0
    fi
    NODE24_WHY="the packages here were installed with Node $built, and this machine has $version"
  done
  return 1
}
