#!/usr/bin/env bash
# Packs the program that was built for a target: dist/cargo-perfguard-TARGET.tar.gz, with the licences.
set -euo pipefail

target="${1:?the target triple}"
program=cargo-perfguard
[[ "$target" == *windows* ]] && program=cargo-perfguard.exe
built="${BUILT:-target/$target/release}/$program"
mkdir -p dist/pack
cp "$built" LICENSE-APACHE LICENSE-MIT README.md dist/pack/
tar -czf "dist/cargo-perfguard-$target.tar.gz" -C dist/pack "$program" LICENSE-APACHE LICENSE-MIT README.md
rm -r dist/pack
