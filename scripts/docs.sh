#!/bin/sh
# Writes the reference pages that are made from the code; a test holds them current.
set -eu
cd "$(dirname "$0")/.."
bin/locktender config reference > docs/configuration.md
bin/locktender config schema > docs/locktender.schema.json
bin/locktender completion reference > docs/cli.md
bin/locktender completion admin-api > docs/admin-api.md
