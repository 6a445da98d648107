# Sourced by every script: finds a Node of at least 24 and sets NODE24_DIR to its folder.
# The machine's own node may be past its end of life, and its V8 is our sandbox wall.

# Its version is asked for, not code run: that takes a fifth of the time, and every command waits for it.
node24_ok() {
  [ -x "$1" ] || return 1
  major=$("$1" --version 2>/dev/null) || return 1
  major=${major#v}
  major=${major%%.*}
  case $major in '' | *[!0-9]*) return 1 ;; esac
  [ "$major" -ge 24 ]
}

find_node24() {
  root=${LOCKTENDER_ROOT:-$(pwd)}
  own=$(command -v node 2>/dev/null || true)
  for candidate in "$own" "$root"/toolchain/node_modules/node-*/bin/node; do
    if [ -n "$candidate" ] && node24_ok "$candidate"; then
      NODE24_DIR=$(dirname "$candidate")
      return 0
    fi
  done
  return 1
}
