#!/usr/bin/env bash
# Brings what the project's commands need onto a Debian machine, as far as we may, and says plainly what is missing.
# usage: tools/setup.sh NEED...   with needs from: python rust lint compiler qemu sigrok gdb node browser
set -euo pipefail

RUST=1.85 # engine/Cargo.toml, rust-version

fail() { echo "setup: $*" >&2; exit 2; }

sudo=""
become_root() {
  [ "$(id -u)" = 0 ] && return
  command -v sudo >/dev/null && sudo -n true 2>/dev/null && sudo="sudo -n"
}

apt_updated=no
apt_update() {
  [ $apt_updated = yes ] && return
  $sudo apt-get update -q >/dev/null || fail "apt-get update failed: is the package mirror reachable?"
  apt_updated=yes
}

apt_install() {
  command -v apt-get >/dev/null || fail "needs $* and knows only apt-get to install it: install it yourself"
  become_root || fail "needs the Debian packages $*: run 'apt-get install $*' as root"
  echo "setup: installing $*"
  apt_update
  # What goes wrong comes on standard error; debconf's complaint about a missing apt-utils is not of that kind.
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q --no-install-recommends "$@" >/dev/null \
    2> >(grep -v '^debconf: delaying package configuration' >&2) \
    || fail "apt-get install $* failed: run it by hand to see why"
}

# The Debian package can be had, in this version or newer where one is given.
apt_offers() {
  command -v apt-get >/dev/null && become_root || return 1
  apt_update
  local version
  version=$(apt-cache policy "$1" 2>/dev/null | awk '/Candidate:/ { print $2 }')
  [ -n "$version" ] && [ "$version" != "(none)" ] && dpkg --compare-versions "$version" ge "${2:-0}"
}

rust_version() { { rustc --version 2>/dev/null || true; } | awk '{ print $2 }'; }
rust_is_new_enough() {
  command -v cargo >/dev/null && command -v rustc >/dev/null || return 1
  printf '%s\n%s\n' "$RUST" "$(rust_version)" | sort -C -V
}

# Each way is tried in a subshell, because its failure is no reason to give up.
rust_by_rustup() {
  command -v rustup >/dev/null || { apt_offers rustup && apt_install rustup; } || true
  echo "setup: installing Rust with rustup"
  if command -v rustup >/dev/null; then
    rustup -q toolchain install stable --profile minimal -c clippy -c rustfmt || return 1
    rustup default >/dev/null 2>&1 || rustup -q default stable
  else
    command -v curl >/dev/null || apt_install curl ca-certificates
    # The answer is complete before any of it runs: a shell that is fed nothing would call that a success.
    local script
    script=$(curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs) \
      && sh -s -- -y -q --profile minimal -c clippy -c rustfmt <<<"$script"
  fi
}

# Debian 13 has a new enough cargo; Debian 12 has one beside its old cargo, for the builds of web browsers.
rust_by_apt() {
  local suffix
  for suffix in "" -web; do
    if apt_offers "rustc$suffix" "$RUST" && apt_offers "cargo$suffix"; then
      apt_install "rustc$suffix" "cargo$suffix"
      return
    fi
  done
  return 1
}

lint_is_there() { cargo clippy --version && cargo fmt --version; } >/dev/null 2>&1
lint_by_rustup() { command -v rustup >/dev/null && rustup -q component add clippy rustfmt; }
lint_by_apt() {
  if [ -e /usr/share/doc/rustc-web ]; then apt_install rust-web-clippy rustfmt-web; else apt_install rust-clippy rustfmt; fi
}

for need in "$@"; do
  case $need in
    python)
      command -v python3 >/dev/null || apt_install python3
      python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "needs Python 3.10 or newer, found $(python3 -V)"
      python3 -c 'import ensurepip, venv' 2>/dev/null || apt_install python3-venv
      ;;
    rust)
      command -v cc >/dev/null || apt_install gcc libc6-dev
      if ! rust_is_new_enough; then
        found=$(rust_version)
        (rust_by_rustup) || (rust_by_apt) || true
        hash -r
        rust_is_new_enough || fail "needs Rust $RUST or newer, found ${found:-none}, and could get it neither with" \
          "rustup nor with apt-get: install it from https://rustup.rs, or on Debian 12 as root" \
          "with 'apt-get install rustc-web cargo-web', so that cargo is on PATH, and try again"
      fi
      ;;
    lint)
      command -v git >/dev/null || apt_install git
      lint_is_there || (lint_by_rustup) || (lint_by_apt) || true
      lint_is_there || fail "needs clippy and rustfmt, and could get them neither with rustup nor with apt-get"
      ;;
    compiler)
      command -v arm-none-eabi-gcc >/dev/null || apt_install gcc-arm-none-eabi libnewlib-arm-none-eabi
      if ! command -v xtensa-esp32s3-elf-gcc >/dev/null; then
        command -v xtensa-lx106-elf-gcc >/dev/null || apt_install gcc-xtensa-lx106 # binutils come with it
        command -v xz >/dev/null || apt_install xz-utils
        command -v cc >/dev/null || apt_install gcc libc6-dev
        config=$(dirname "$0")/../build/xtensa/config.so
        if [ ! -e "$config" ]; then
          echo "setup: making the Xtensa configuration"
          ! become_root || apt_update
          "$(dirname "$0")/../firmware/tools/xtensa_config.sh" "$config" \
            || echo "setup: no Xtensa configuration: the images of the ESP32-S3 are not built again" >&2
        fi
      fi
      ;;
    qemu)
      command -v qemu-system-arm >/dev/null || apt_install qemu-system-arm
      command -v qemu-system-xtensa >/dev/null || apt_install qemu-system-misc
      ;;
    node)
      command -v npm >/dev/null || (apt_install nodejs npm) || echo "setup: no npm: rp2040js will be named as missing" >&2
      ;;
    sigrok)
      command -v sigrok-cli >/dev/null || (apt_install sigrok-cli) || echo "setup: no sigrok-cli: its tests are skipped" >&2
      ;;
    gdb)
      command -v gdb-multiarch >/dev/null || (apt_install gdb-multiarch) || echo "setup: no gdb-multiarch: its tests are skipped" >&2
      ;;
    browser)
      for name in chromium chromium-browser google-chrome google-chrome-stable; do
        ! command -v $name >/dev/null || continue 2
      done
      (apt_install chromium) || echo "setup: no Chromium: the tests of the page are skipped" >&2
      ;;
    *) fail "unknown need '$need'" ;;
  esac
done
