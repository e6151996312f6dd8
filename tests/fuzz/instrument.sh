#!/bin/sh
# cargo's RUSTC_WRAPPER: compiles what bytes go through with coverage counters for libFuzzer (the flags of cargo-fuzz), and
# all else as it is, which keeps the counters few.
set -eu
name=
previous=
for word in "$@"; do
    [ "$previous" = --crate-name ] && name=$word
    previous=$word
done
case $name in
oddflow | arrow_ipc | arrow_data | arrow_cast | parquet | serde_json | toml | toml_parser | lz4_flex | snap | flatbuffers) ;;
# The targets themselves need the pass for libFuzzer to find the tables.
oddflow_fuzz | csv | ndjson | zeek | eve | argus | tables | parquet_file | arrow_file | arrow_stream | packed | allow | model | times) ;;
*) exec "$@" ;;
esac
case " $* " in *" --crate-type proc-macro "*) exec "$@" ;; esac
exec "$@" -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing
