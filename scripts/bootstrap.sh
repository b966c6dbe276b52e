#!/usr/bin/env bash
# Make the checkout's .venv ready: `scripts/bootstrap.sh` for using Flyaway, `scripts/bootstrap.sh dev` for
# testing it too. Takes no time when nothing has to be done; safe to interrupt and run again.
#
#   $PYTHON                the Python to use (3.11 or newer; default: the newest found)
#   $FLYAWAY_TORCH_INDEX   address of a package index to take torch from
#   $FLYAWAY_TORCH=any     take the torch that pip would take, a GPU build on Linux, several gigabytes
set -euo pipefail

extra=${1:-}
repository=$(cd "$(dirname "$0")/.." && pwd)
venv=$repository/.venv
stamp=$venv/.ready${extra:+-$extra}
lock=.setup.lock # not .lock: uv takes that one for itself, and would wait five minutes for this script
# pyproject.toml decides what is installed; a venv does not survive being moved.
state="$(cksum <"$repository/pyproject.toml") $venv"

main() {
  is_ready && return
  mkdir -p "$venv"
  if command -v flock >/dev/null; then # macOS has none; there, do not start two at once
    exec 9>"$venv/$lock"
    flock --nonblock 9 || { say "another one is setting up .venv; waiting for it"; flock 9; }
    is_ready && return
  fi
  "$venv/bin/python" -m pip --version >/dev/null 2>&1 || make_venv
  install_torch
  say "installing Flyaway and what it needs"
  pip install --editable "$repository${extra:+[$extra]}"
  echo "$state" >"$stamp"
  say "ready"
}

is_ready() {
  { [ "$(cat "$stamp" 2>/dev/null)" = "$state" ] || [ "$(cat "$venv/.ready-dev" 2>/dev/null)" = "$state" ]; } &&
    [ -x "$venv/bin/python" ]
}

make_venv() {
  local python options=()
  python=$(newest_python) || fail "Flyaway needs Python 3.11 or newer; install one, or name it in the variable PYTHON"
  say "making .venv with $("$python" --version); this happens once"
  find "$venv" -mindepth 1 -maxdepth 1 ! -name "$lock" -exec rm -rf {} +
  # A torch that is there already is used: it is the one that fits this machine, and gigabytes.
  ! has_torch "$python" || options=(--system-site-packages)
  "$python" -m venv ${options[@]+"${options[@]}"} "$venv" ||
    fail "$python cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv"
}

newest_python() {
  local name
  for name in ${PYTHON:-python3.14 python3.13 python3.12 python3.11 python3}; do
    "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v "$name" && return
  done
  return 1
}

has_torch() {
  "$1" -c 'from importlib.metadata import version; v = version("torch").split("."); exit(list(map(int, v[:2])) < [2, 10])' 2>/dev/null
}

# On Linux, what pip calls torch is a build for NVIDIA's GPUs that brings several gigabytes with it.
# Without such a GPU, look for a build for the CPU: at pip's own sources, then where uv knows one.
install_torch() {
  local version
  has_torch "$venv/bin/python" && return
  if [ -n "${FLYAWAY_TORCH_INDEX:-}" ]; then
    say "installing torch from $FLYAWAY_TORCH_INDEX"
    pip install "torch>=2.10" --index-url "$FLYAWAY_TORCH_INDEX"
  elif [ "$(uname -s)" != Linux ] || has_nvidia_gpu || [ "${FLYAWAY_TORCH:-}" = any ]; then
    say "installing torch"
    pip install "torch>=2.10"
  elif version=$(cpu_build); then
    say "installing torch $version"
    pip install "torch==$version"
  else
    say "installing torch for the CPU (no NVIDIA GPU here)"
    pip install uv
    "$venv/bin/python" -m uv pip install --python "$venv/bin/python" --torch-backend cpu "torch>=2.10" ||
      fail "no CPU build of torch was found. Name an index that has one in FLYAWAY_TORCH_INDEX (see pytorch.org),
or set FLYAWAY_TORCH=any to download the GPU build, then run this again."
  fi
}

has_nvidia_gpu() { [ -e /proc/driver/nvidia/version ] || [ -e /dev/dxg ]; } # dxg: Windows' Linux subsystem

# The newest CPU build that pip's configured sources have.
cpu_build() {
  "$venv/bin/python" -m pip index versions torch 2>/dev/null | grep -o '[0-9][0-9.]*+cpu' | head -n 1 | grep .
}

pip() {
  local quiet=()
  [ -z "${CI:-}" ] || quiet=(--quiet --progress-bar off)
  # Output of `flyaway` itself must stay usable in a pipe.
  "$venv/bin/python" -m pip --disable-pip-version-check "$@" ${quiet[@]+"${quiet[@]}"} >&2 ||
    fail "pip failed (above); run this again when the cause is away"
}

say() { printf 'flyaway: %s\n' "$*" >&2; }
fail() { printf 'flyaway: %s\n' "$*" >&2; exit 1; }

main
