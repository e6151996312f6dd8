#!/bin/sh
# Runs one fuzz target: tests/fuzz/run.sh TARGET SECONDS [more libFuzzer options]
# On stable Rust, with a C++ compiler; cargo-fuzz works too, with a nightly Rust: cargo fuzz run --fuzz-dir tests/fuzz TARGET.
set -eu
cd "$(dirname "$0")"
target=$1
seconds=$2
shift 2

RUSTC_WRAPPER=$PWD/instrument.sh cargo build --locked --release --bin "$target"

# Seeds that are made, once: files that are not text, and cuts of real logs where ODDFLOW_SHARED names them.
if [ ! -d corpus/made ]; then
    ODDFLOW_FUZZ_SEEDS=$PWD/corpus/made cargo test --locked --manifest-path ../../Cargo.toml --test fuzz_regressions made_seeds
fi
mkdir -p "corpus/$target" "artifacts/$target" logs
seeds=
for folder in "seeds/$target" "corpus/made/$target" "regressions/$target"; do
    [ ! -d "$folder" ] || seeds="$seeds $folder"
done
dictionary=
[ ! -f "dictionaries/$target.dict" ] || dictionary=-dict=dictionaries/$target.dict

# Temporary files stay in memory where the system has such a place.
[ ! -d /dev/shm ] || export TMPDIR="${TMPDIR:-/dev/shm}"
# shellcheck disable=SC2086 # lists of words
exec "target/release/$target" "corpus/$target" $seeds $dictionary -artifact_prefix="artifacts/$target/" \
    -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=2560 -print_final_stats=1 "$@" \
    2>"logs/$target.$(date +%s).log"
