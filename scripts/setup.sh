#!/usr/bin/env bash
# Installs on Debian or Ubuntu what building, running and testing needs. Asks nothing. Safe to run again.
set -euo pipefail

build=(gcc libc6-dev pkg-config libpcap-dev)
window=(libgl1 libgl1-mesa-dri libegl1 libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon0 libxkbcommon-x11-0)
tests=(xvfb)
wanted=("${build[@]}")
if [ "${1:-all}" != headless ]; then
  wanted+=("${window[@]}" "${tests[@]}")
fi

missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
if [ "${#missing[@]}" -gt 0 ]; then
  echo "installing: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if ! command -v cargo >/dev/null; then
  if apt-cache show rustup >/dev/null 2>&1; then
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq rustup >/dev/null
    rustup default stable
  else
    echo "Rust 1.95 or later is needed, and this release has no package rustup: get it from https://rustup.rs" >&2
    exit 1
  fi
fi
