#!/usr/bin/env bash
# Sets everything up, builds, and reports on a sample: a NetBIOS session request that nobody answers.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh headless
exec cargo run --release --quiet --no-default-features -- report "${1:-samples/nbss/request-unanswered.pcap}"
