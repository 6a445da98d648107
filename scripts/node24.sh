# Sourced by every script: finds a Node of at least 24 and sets NODE24_DIR to its folder.
# The machine's own node may be past its end of life, and its V8 is our sandbox wall.

node24_ok() {
  [ -x "$1" ] && [ "$("$1" -p 'Number(process.versions.node.split(".")[0]) >= 24' 2>/dev/null)" = true ]
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
