#!/usr/bin/env bash
# Names the cache of executables: `perfguard-1-OS-ARCH-COMPILER-LOCKFILE-COMMIT`. Restoring drops the commit.
set -euo pipefail

sum() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c -16
}

compiler="$(rustc -vV | sum)"
dependencies="$( (cat Cargo.lock 2>/dev/null || true) | sum)"
restore="perfguard-1-$(uname -s)-$(uname -m)-$compiler-$dependencies-"
{
  printf 'key=%s%s\n' "$restore" "${GITHUB_SHA:?}"
  printf 'restore=%s\n' "$restore"
} >>"${GITHUB_OUTPUT:?}"
