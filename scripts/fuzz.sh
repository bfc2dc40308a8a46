#!/usr/bin/env bash
# Fuzzes each target for so many seconds: scripts/fuzz.sh SECONDS [TARGET…]
#
# Inputs are seeded from samples/, and from the captures of COLLOQUY_CAPTURES where it names a folder; they grow in fuzz/corpus,
# what breaks a law is left in fuzz/found. Stable Rust is enough: libFuzzer only needs the coverage counters that LLVM puts in.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:?usage: scripts/fuzz.sh SECONDS [TARGET…]}
shift
target=$(rustc -vV | sed -n 's/^host: //p')
folder=${CARGO_TARGET_DIR:-fuzz/target}

flags=(--cfg fuzzing -Cpasses=sancov-module)
for option in level=4 inline-8bit-counters pc-table trace-compares stack-depth; do
    flags+=("-Cllvm-args=-sanitizer-coverage-$option")
done
flags+=(-Cforce-frame-pointers)
# A target is named, so that build scripts and macros are built without the counters.
RUSTFLAGS="${flags[*]}" cargo build --quiet --release --locked --manifest-path fuzz/Cargo.toml --target "$target" --target-dir "$folder"
fuzz=$folder/$target/release/fuzz

if [ ! -e fuzz/corpus/.seeded ]; then
    captures=$(find samples ${COLLOQUY_CAPTURES:-} -type f -name '*.pcap*')
    SEED_FROM=$captures SEED_TO=fuzz/corpus "$fuzz"
    touch fuzz/corpus/.seeded
fi
if [ $# = 0 ]; then
    mapfile -t targets < <(LIST=1 "$fuzz")
    set -- "${targets[@]}"
fi

failed=()
for name in "$@"; do
    mkdir -p "fuzz/corpus/$name" "fuzz/found/$name"
    case $name in
    capture | pipeline) longest=65536 ;;
    filter) longest=4096 ;;
    *) longest=16384 ;;
    esac
    # Bounded: 20 seconds an input, 1 GB in all, 256 MB at once.
    if TARGET=$name "$fuzz" "fuzz/corpus/$name" -max_total_time="$seconds" -max_len="$longest" -timeout=20 -rss_limit_mb=1024 \
        -malloc_limit_mb=256 -artifact_prefix="fuzz/found/$name/" -print_final_stats=1 >"fuzz/found/$name.log" 2>&1; then
        echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "fuzz/found/$name.log") inputs, clean"
    else
        echo "$name: BROKEN, see fuzz/found/$name.log"
        failed+=("$name")
    fi
done
[ ${#failed[@]} = 0 ]
