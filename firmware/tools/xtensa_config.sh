#!/usr/bin/env bash
# Makes the plugin with which Debian's Xtensa assembler and linker know the ESP32-S3's processor.
# usage: xtensa_config.sh OUT.so
#
# Its instruction table comes from Debian's source package of QEMU (target/xtensa/core-de233_fpu, MIT licence), fetched
# by apt-get from the mirrors that this machine's packages come from. The machine's own package lists stay as they are.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "xtensa_config: $*" >&2; exit 2; }

for tool in apt-get cc tar xz; do
  command -v $tool >/dev/null || fail "needs $tool"
done

# A line of sources for each suite of Debian's that binary packages come from.
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -e $keyring ] && signed="[signed-by=$keyring]" || signed=""
apt-get indextargets --format "deb-src $signed \$(REPO_URI) \$(RELEASE) main" \
  'Created-By: Packages' 'Origin: Debian' 'Component: main' | sort -u >"$work/sources.list"
[ -s "$work/sources.list" ] || fail "apt-get knows no suite of Debian: run 'apt-get update' first"
mkdir -p "$work/lists/partial" "$work/archives/partial"
apt=(-q -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
  -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work" -o "Dir::Cache::Archives=$work/archives"
  -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none)
apt-get "${apt[@]}" update >/dev/null || fail "could not read the mirror's list of source packages"
(cd "$work" && apt-get "${apt[@]}" source --download-only qemu >/dev/null) || fail "could not fetch Debian's sources of qemu"

tar -C "$work" -xJf "$work"/qemu_*.orig.tar.xz --strip-components=1 --wildcards \
  '*/target/xtensa/core-de233_fpu/*' '*/target/xtensa/xtensa-isa*.h' '*/include/hw/xtensa/xtensa-isa.h'
mkdir -p "$(dirname "$out")"
cc -shared -fPIC -O1 -w -I"$work/target/xtensa/core-de233_fpu" -I"$work/target/xtensa" -I"$work/include" \
  "$here/xtensa_config.c" -o "$work/config.so"
mv "$work/config.so" "$out"
