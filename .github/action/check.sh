#!/usr/bin/env bash
# Runs the check, and leaves its report as JSON for `merge` and `publish`. Ends as the check does.
#
# ARGS       flags and filters, separated by white space
# PARTITION  the part of the benchmarks to measure, or nothing
set -euo pipefail

# Split, and nothing else: no globs, no substitution.
read -r -a words <<<"$(tr '\n' ' ' <<<"${ARGS:-}")" || true
report="${REPORT:-perfguard-${PARTITION:+${PARTITION//[^a-z0-9]/-}}.json}"
report="${report//-.json/.json}"
printf 'report=%s\n' "$PWD/$report" >>"${GITHUB_OUTPUT:?}"

# The cache that the default branch saves holds what this run used, and nothing of the commits before.
export PERFGUARD_KEPT="${PERFGUARD_KEPT:-0B}"

code=0
cargo perfguard check ${words[@]+"${words[@]}"} ${PARTITION:+--partition "$PARTITION"} \
  --format json --output "$report" || code=$?
# The log shows what the report says; that it cannot be shown changes nothing.
cargo perfguard report --run last || true
exit "$code"
