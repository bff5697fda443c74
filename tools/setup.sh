#!/usr/bin/env bash
# Brings what the project's commands need onto a Debian machine, as far as we may, and says plainly what is missing.
# usage: tools/setup.sh NEED...   with needs from: python rust compiler qemu sigrok node
set -euo pipefail

fail() { echo "setup: $*" >&2; exit 1; }

apt_updated=no
apt_install() {
  command -v apt-get >/dev/null || fail "needs $* and knows only apt-get to install it: install it yourself"
  local sudo=""
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null && sudo -n true 2>/dev/null && sudo="sudo -n" \
      || fail "needs the Debian packages $*: run 'apt-get install $*' as root"
  fi
  echo "setup: installing $*"
  if [ $apt_updated = no ]; then
    $sudo apt-get update -q >/dev/null || fail "apt-get update failed: is the package mirror reachable?"
    apt_updated=yes
  fi
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q --no-install-recommends "$@" >/dev/null \
    || fail "apt-get install $* failed: run it by hand to see why"
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
      if ! command -v cargo >/dev/null; then
        # Debian has rustup from version 13 on. In a subshell, because its absence is no reason to give up.
        command -v rustup >/dev/null || (apt_install rustup) 2>/dev/null || true
        if command -v rustup >/dev/null; then
          rustup -q toolchain install stable --profile minimal -c clippy -c rustfmt || fail "rustup could not install Rust"
        else
          command -v curl >/dev/null || apt_install curl ca-certificates
          curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y -q --profile minimal -c clippy -c rustfmt \
            || fail "needs Rust 1.85 or newer: install it with rustup and try again"
        fi
      fi
      ;;
    compiler)
      command -v arm-none-eabi-gcc >/dev/null || apt_install gcc-arm-none-eabi libnewlib-arm-none-eabi
      ;;
    qemu)
      command -v qemu-system-arm >/dev/null || apt_install qemu-system-arm
      ;;
    node)
      command -v npm >/dev/null || (apt_install nodejs npm) || echo "setup: no npm: rp2040js will be named as missing" >&2
      ;;
    sigrok)
      command -v sigrok-cli >/dev/null || (apt_install sigrok-cli) || echo "setup: no sigrok-cli: its tests are skipped" >&2
      ;;
    *) fail "unknown need '$need'" ;;
  esac
done
