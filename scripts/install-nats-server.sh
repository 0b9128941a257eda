#!/bin/sh
# Fetches a nats-server that JetStream can be trusted with, without touching the system's package state.
#
#   scripts/install-nats-server.sh [DEST]      default: .tools/nats-server of this project
#
# Debian 12 ships 2.9.10, which lets several writers win the same expected-sequence append. The newest Debian suite's
# package needs nothing but libc 2.34, so its binary is taken out of the package and put at DEST. Signatures are
# checked by apt against Debian's archive keyring, from the mirror this machine already uses.
set -eu

least=2.10.27
suites='forky trixie'

fail() {
  printf 'install-nats-server: %s\n' "$1" >&2
  exit 1
}

version_of() {
  "$1" --version 2>/dev/null | sed -n 's/^nats-server: v\([0-9][0-9.]*\).*/\1/p'
}

new_enough() {
  [ -n "$1" ] && [ "$(printf '%s\n%s\n' "$least" "$1" | sort -V | head -n 1)" = "$least" ]
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
dest=${1:-$here/.tools/nats-server}
[ ! -d "$dest" ] || dest=$dest/nats-server

if [ -x "$dest" ]; then
  found=$(version_of "$dest")
  if new_enough "$found"; then
    printf 'nats-server %s is already at %s\n' "$found" "$dest"
    exit 0
  fi
fi

for tool in apt-get dpkg dpkg-deb; do
  command -v "$tool" >/dev/null 2>&1 ||
    fail "$tool not found: this machine is not a Debian. Put nats-server $least or newer at $dest yourself."
done

# The mirror of this machine: where its own release's "main" comes from, whatever the format of its apt sources.
codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null | tr -d '"')
mirror=$(
  apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
    awk -v own="$codename" '$3 == "main" && ($2 == own || $2 ~ /^(stable|testing|unstable|sid|oldstable)$/) { print $1; exit }'
)
[ -n "$mirror" ] ||
  fail "no Debian mirror for \"$codename main\" in this machine's apt sources. Add one, or put nats-server $least or newer at $dest yourself."
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keyring" ] || fail "$keyring is missing: install the package debian-archive-keyring."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/out"

fetch() { # SUITE
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' "$mirror" "$1" "$keyring" >"$work/only.sources"
  set -- -qq -o Dir::Etc::sourcelist="$work/only.sources" -o Dir::Etc::sourceparts=- -o Dir::Etc::preferencesparts=- \
    -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" -o Acquire::Languages=none \
    -o Acquire::Retries=2 -o APT::Sandbox::User=root
  (cd "$work" && apt-get "$@" update && apt-get "$@" download nats-server) >"$work/said" 2>&1
}

for suite in $suites; do
  rm -f "$work"/*.deb
  if ! fetch "$suite"; then
    printf 'Debian %s: no nats-server from %s\n' "$suite" "$mirror" >&2
    sed 's/^/  /' "$work/said" >&2
    continue
  fi
  dpkg-deb -x "$work"/nats-server_*.deb "$work/out"
  binary=$(find "$work/out" -type f -name nats-server -perm -u+x | head -n 1)
  found=$(version_of "$binary")
  if new_enough "$found"; then
    mkdir -p "$(dirname "$dest")"
    # Renamed into place: a server that is running from the old file keeps it.
    cp "$binary" "$dest.new.$$"
    chmod 755 "$dest.new.$$"
    mv -f "$dest.new.$$" "$dest"
    printf 'nats-server %s from Debian %s is at %s\n' "$found" "$suite" "$dest"
    exit 0
  fi
  printf 'Debian %s: nats-server %s does not run here or is older than %s\n' "$suite" "${found:-?}" "$least" >&2
done

fail "no suite of $suites gave a nats-server of $least or newer. Look at the messages above (network, mirror), or put one at $dest yourself."
