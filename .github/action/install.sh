#!/usr/bin/env bash
# Installs cargo-perfguard: a released executable whose checksum is listed, or, for other machines, a build of the tag.
# Without a version, a build of the sources that this script lies beside.
#
# VERSION   what to install, as 1.2.3, or nothing
# SOURCE    the folder of those sources
# VALGRIND  `true` to install Valgrind where it is missing (Linux)
# RELEASES  where releases are [default: those of the repository]
# FOLDER    where the program goes [default: ~/.cargo/bin]
set -euo pipefail

repository=https://github.com/cargo-perfguard/cargo-perfguard
releases="${RELEASES:-$repository/releases/download}"
folder="${FOLDER:-$HOME/.cargo/bin}"

fail() {
  printf 'error: %s\n' "$1" >&2
  exit 1
}

if [[ "${VALGRIND:-}" == true && "$(uname -s)" == Linux ]] && ! command -v valgrind >/dev/null; then
  sudo apt-get update -qq && sudo apt-get install -y -qq valgrind
fi

if [[ -z "${VERSION:-}" ]]; then
  exec cargo install --locked --path "${SOURCE:?}" --bin cargo-perfguard
fi
# The version becomes part of paths and addresses.
[[ "${VERSION:-}" =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] || fail "\`version\` is no version: write it as 1.2.3"
case "$releases" in
  https://* | http://127.0.0.1:*) ;;
  *) fail "releases are fetched by https only" ;;
esac

machine="${MACHINE:-$(uname -s)-$(uname -m)}"
case "$machine" in
  Linux-x86_64) target=x86_64-unknown-linux-musl ;;
  Linux-aarch64 | Linux-arm64) target=aarch64-unknown-linux-musl ;;
  Darwin-x86_64) target=x86_64-apple-darwin ;;
  Darwin-arm64) target=aarch64-apple-darwin ;;
  MINGW*-x86_64 | MSYS*-x86_64) target=x86_64-pc-windows-msvc ;;
  *)
    printf 'no release is built for %s: building v%s\n' "$machine" "$VERSION"
    exec cargo install --locked --git "$repository" --tag "v$VERSION" cargo-perfguard
    ;;
esac

scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
archive="cargo-perfguard-$target.tar.gz"
fetch() {
  curl --fail --silent --show-error --location --retry 3 --output "$scratch/$1" "$releases/v$VERSION/$1" ||
    fail "$1 of v$VERSION cannot be fetched"
}
fetch SHA256SUMS
fetch "$archive"

# One entry and no more: a second one would leave open which holds.
sums="$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' "$scratch/SHA256SUMS")"
[[ "$sums" =~ ^[0-9a-f]{64}$ ]] || fail "SHA256SUMS of v$VERSION has not exactly one sum of $archive"
if command -v sha256sum >/dev/null; then
  found="$(sha256sum "$scratch/$archive")"
else
  found="$(shasum -a 256 "$scratch/$archive")"
fi
[[ "${found%% *}" == "$sums" ]] || fail "$archive of v$VERSION is not what SHA256SUMS says"

program=cargo-perfguard
[[ "$target" == *windows* ]] && program=cargo-perfguard.exe
mkdir -p "$folder"
tar -xzf "$scratch/$archive" -C "$scratch" "$program"
install -m 755 "$scratch/$program" "$folder/$program"
[[ -z "${GITHUB_PATH:-}" ]] || printf '%s\n' "$folder" >>"$GITHUB_PATH"
"$folder/$program" perfguard --version
