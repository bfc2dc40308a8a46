#!/usr/bin/env bash
# Sets everything up and passes all tests: format, lints, tests, documentation. What CI runs.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
export CARGO_TERM_PROGRESS_WHEN=never
cargo fmt --all --check
cargo clippy --quiet --workspace --all-targets -- -D warnings
cargo test --quiet --workspace
cargo clippy --quiet --workspace --no-default-features -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps --document-private-items
