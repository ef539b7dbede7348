#!/usr/bin/env bash
# Whether each direct dependency of the libraries is reviewed in dependencies.md.
#
#   tests/supply-chain/dependencies.sh           fails, with what to mend, if one is not
#   tests/supply-chain/dependencies.sh --facts   prints what can be counted of each
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo metadata --format-version 1 --all-features --locked |
    python3 tests/supply-chain/dependencies.py tests/supply-chain/dependencies.md "$@"
