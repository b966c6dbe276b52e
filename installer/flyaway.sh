#!/bin/sh
# Install Flyaway on Linux or macOS, with its plugins in all editors of this user, or take all of that out again.
# It needs no Python and no root. Run again, it goes on where it was interrupted, or brings what is new.
#
#   sh flyaway.sh [--card CARD] [--autostart] [--from ADDRESS]
#   sh flyaway.sh --uninstall
#
#   --card       which graphics card torch is for: auto (what is found here), none, or a build as uv calls it
#                (cu130 and others for NVIDIA, rocm7.1 and others for AMD, xpu for Intel)
#   --autostart  have the daemon started at login, without asking
#   --from       the address, or the folder, of the release to install
#
# All it brings lies in one folder, FLYAWAY_HOME/app, but for the command `flyaway` and the plugins.
# FLYAWAY_UV_INSTALLER names another address to have uv from, FLYAWAY_PYTHON another Python to use.
set -eu

filled_address='@ADDRESS@'
uv_version=0.13.9
python_version=3.11

main() {
  card='' address='' autostart='' wants_uninstall=''
  while [ $# -gt 0 ]; do
    case $1 in
      --card) card=${2:?--card needs a value}; shift ;;
      --from) address=${2:?--from needs a value}; shift ;;
      --autostart) autostart=$1 ;;
      --uninstall) wants_uninstall=yes ;;
      *) usage; exit 2 ;;
    esac
    shift
  done
  if [ "$(id -u)" = 0 ] && [ -n "${SUDO_USER:-}" ]; then
    fail "This is for your own account: run it without sudo."
  fi
  choose_places
  if [ -n "$wants_uninstall" ]; then uninstall; else install_all; fi
}

choose_places() {
  case $(uname -s) in
    Darwin) home=$HOME/Library/Application\ Support/flyaway ;;
    *) home=$HOME/.local/share/flyaway ;;
  esac
  home=${FLYAWAY_HOME:-$home}
  app=$home/app
  bin=${XDG_BIN_HOME:-$HOME/.local/bin}
  flyaway=$app/tools/flyaway/bin/flyaway
  export UV_TOOL_DIR="$app/tools" UV_TOOL_BIN_DIR="$bin"
  export UV_PYTHON_INSTALL_DIR="$app/python" UV_CACHE_DIR="$app/cache"
  unset PYTHONHOME PYTHONPATH VIRTUAL_ENV
}

# --- installing ------------------------------------------------------------------------------------

install_all() {
  choose_source
  (umask 077 && mkdir -p "$app")
  rm -f "$app/removing"
  fetch_release
  find_uv
  if can_run; then "$flyaway" daemon stop >/dev/null || fail "The daemon could not be stopped (above)."; fi
  install_tool
  printf '%s\n' "$address" >"$app/source"
  printf '%s\n' "$card" >"$app/card"
  rm -rf "$app/cache" # the wheels are unpacked; without this, they would lie there twice
  find_torch
  say "Flyaway $version is installed, with torch $torch $made_for."
  if [ "$card" = auto ] && [ "$made_for" = "for the processor" ] && has_card; then
    say "There is a graphics card, but its driver is too old for this torch. After an update of the driver, run this again."
  fi
  install_plugins
  tell_end
}

# What was asked for, else what this copy was made for; the copy of an installed Flyaway goes on as that was installed.
choose_source() {
  address=${address:-${FLYAWAY_FROM:-}}
  if [ "$0" = "$app/flyaway.sh" ]; then
    address=${address:-$(cat "$app/source" 2>/dev/null || true)}
    card=${card:-$(cat "$app/card" 2>/dev/null || true)}
  fi
  case $filled_address in http*) address=${address:-$filled_address} ;; esac
  card=${card:-auto}
  [ "$card" != none ] || card=cpu
  [ -n "$address" ] || fail "This copy does not know where releases lie. Name the address, or the folder, of one: --from ADDRESS"
  address=${address%/}
}

# The release's files, each held against the release's list of sums, which alone is taken as it comes.
fetch_release() {
  fetch SHA256SUMS "$app/SHA256SUMS"
  wheel=$(sed -n 's/^[0-9a-f]* [ *]\(flyaway-[^ ]*\.whl\)$/\1/p' "$app/SHA256SUMS")
  [ -n "$wheel" ] || fail "There is no release of Flyaway at $address."
  version=${wheel#flyaway-}
  version=${version%%-*}
  before=$(cksum "$0" 2>/dev/null || true)
  fetch_checked flyaway.sh
  if [ "$0" = "$app/flyaway.sh" ] && [ "$(cksum "$0")" != "$before" ]; then
    exec sh "$0" --from "$address" --card "$card" ${autostart:+"$autostart"} # the newer one knows better
  fi
  fetch_checked locked.txt
  fetch_checked torch.txt
  [ -e "$app/$wheel" ] || rm -f "$app"/flyaway-*.whl
  fetch_checked "$wheel"
}

fetch_checked() {
  if [ -e "$app/$1" ] && is_whole "$1" "$app/$1"; then return 0; fi
  fetch "$1" "$app/$1.part"
  is_whole "$1" "$app/$1.part" ||
    fail "What came as $1 from $address is not what the release lists. Try again later."
  mv "$app/$1.part" "$app/$1"
}

is_whole() {
  wanted=$(sed -n "s/^\([0-9a-f]*\) [ *]$1\$/\1/p" "$app/SHA256SUMS")
  if command -v sha256sum >/dev/null; then sum=$(sha256sum <"$2"); else sum=$(shasum -a 256 <"$2"); fi
  [ -n "$wanted" ] && [ "${sum%% *}" = "$wanted" ]
}

# A file of the release, from its folder or its address.
fetch() {
  case $address in
    http://* | https://*) download "$address/$1" "$2" ;;
    *) cp "$address/$1" "$2" || fail "There is no $1 in $address." ;;
  esac
}

download() {
  if command -v curl >/dev/null; then
    curl --fail --silent --show-error --location --retry 3 --output "$2" "$1"
  elif command -v wget >/dev/null; then
    wget --quiet --tries 3 --output-document "$2" "$1"
  else
    fail "This needs curl or wget. Install one of them."
  fi || fail "$1 could not be fetched (above). Check the network, then run this again: it goes on from here."
}

# The uv that was fetched before, the user's own if it is new enough, else one of Flyaway's own.
find_uv() {
  uv=$app/uv/uv
  if knows_torch "$uv"; then return 0; fi
  if knows_torch uv; then uv=uv; return 0; fi
  say "Fetching uv $uv_version, which installs Python programs"
  download "${FLYAWAY_UV_INSTALLER:-https://astral.sh/uv/$uv_version/install.sh}" "$app/install-uv.sh"
  UV_UNMANAGED_INSTALL="$app/uv" sh "$app/install-uv.sh" >/dev/null ||
    fail "uv could not be installed (above). Run this again: it goes on from here."
  knows_torch "$uv" || fail "What was fetched as uv does not run here (above)."
}

knows_torch() { "$1" tool install --help 2>/dev/null | grep -q -e --torch-backend; }

install_tool() {
  say "Installing Flyaway $version; this may take minutes, torch is large"
  if [ -n "${FLYAWAY_PYTHON:-}" ]; then
    set -- --python "$FLYAWAY_PYTHON"
  else
    set -- --managed-python --python "$python_version" # a system's own Python goes with the system's next version
  fi
  fetch_packages "$@"
  "$uv" tool install --offline --force --torch-backend "$card" --constraints "$app/locked.txt" "$@" "$app/$wheel" >&2 ||
    fail "uv could not install Flyaway (above). Run this again: it goes on from here."
}

# All packages into uv's cache, held against their sums, of which `uv tool install` takes no notice: it has them from there.
fetch_packages() {
  checked=$app/checked
  rm -rf "$checked"
  mkdir "$checked"
  list_packages "$@" >"$checked/needed.txt" || fail "uv could not install Flyaway (above). Run this again: it goes on from here."
  sed '/^torch==/d' "$app/locked.txt" >"$checked/locked.txt"
  fetch_listed locked.txt --require-hashes
  fetch_torch
  grep '==' "$checked/needed.txt" >"$checked/beside.txt"
  fetch_listed beside.txt # what this build of torch names for a card, exactly; all others are there
  rm -rf "$checked"
}

# Each build of torch has files of its own, and uv has said which is for this card. Of some the sums are not known.
fetch_torch() {
  build=$(grep ^torch== "$checked/needed.txt")
  awk -v build="$build" '/^[^ ]/ { is_needed = $1 == build } is_needed' "$app/torch.txt" >"$checked/torch.txt"
  fetch_listed torch.txt --require-hashes
  set -- "$checked"/environment/lib/python*/site-packages/torch-*.dist-info
  [ -d "$1" ] || say "This release has no sum for $build on this system, so it comes unchecked."
}

# Which packages of which versions this machine needs.
list_packages() (
  "$uv" venv --quiet "$@" "$checked/environment" >&2 || exit
  cd "$app"
  echo "./$wheel" | "$uv" pip compile --quiet --no-header --no-annotate --python "$checked/environment" \
    --torch-backend "$card" --constraints "$app/locked.txt" -
)

fetch_listed() {
  list=$checked/$1
  shift
  "$uv" pip install --quiet --python "$checked/environment" --torch-backend "$card" --no-deps "$@" --requirements "$list" >&2 ||
    fail "A package could not be fetched, or is not the one that was tested (above). Run this again: it goes on from here."
}

# Which torch uv has chosen: its version, and what that build is made for.
find_torch() {
  for folder in "$app"/tools/flyaway/lib/python*/site-packages/torch-*.dist-info; do
    torch=${folder##*/torch-}
    torch=${torch%.dist-info}
  done
  case $torch in
    *+cpu) made_for="for the processor" ;;
    *+cu*) made_for="for NVIDIA cards (${torch#*+})" ;;
    *+rocm*) made_for="for AMD cards (${torch#*+})" ;;
    *+xpu) made_for="for Intel cards" ;;
    *) made_for="as its makers publish it for this system" ;; # macOS: one build for all
  esac
  torch=${torch%+*}
}

# The programs by which uv finds a card.
has_card() { nvidia-smi >/dev/null 2>&1 || rocm_agent_enumerator >/dev/null 2>&1; }

install_plugins() {
  # With `curl … | sh` the standard input is this script; the user sits at the terminal.
  if [ -t 1 ] && (: </dev/tty) 2>/dev/null; then
    "$flyaway" install ${autostart:+"$autostart"} </dev/tty
  else
    "$flyaway" install ${autostart:+"$autostart"} </dev/null
  fi || say "No plugin was installed. With Krita or GIMP 3 there, and started once, run \`flyaway install\`."
  if "$flyaway" daemon autostart status >/dev/null; then "$flyaway" daemon autostart on >/dev/null; fi
}

tell_end() {
  case :$PATH: in
    *":$bin:"*) say "Update it with \`flyaway update\`; check it with \`flyaway doctor\`." ;;
    *) say "The command is $bin/flyaway: log in anew, or add $bin to your PATH, to have it as \`flyaway\`." ;;
  esac
  say "Remove it with: sh '$app/flyaway.sh' --uninstall"
}

# --- taking out --------------------------------------------------------------------------------------

uninstall() {
  if can_run && [ ! -e "$app/removing" ]; then
    models=$("$flyaway" models path)
    if [ -d "$models" ]; then say "Downloaded models stay in $models"; fi
    "$flyaway" daemon autostart off
    "$flyaway" daemon stop
    "$flyaway" uninstall || fail "Some plugins could not be removed (above). Mend that, then run this again."
    : >"$app/removing"
  elif [ -e "$home/launch.json" ] && [ ! -e "$app/removing" ]; then
    fail "Flyaway does not run here any more, and only it can take its plugins out. Install it once more, then run this again."
  fi
  if [ "$(readlink "$bin/flyaway" 2>/dev/null)" = "$flyaway" ]; then rm "$bin/flyaway"; fi
  rm -f "$home/launch.json" "$home/told.txt" "$home/connection.json" "$home/daemon.lock" "$home/daemon.pid" \
    "$home/daemon.log" "$home/daemon.log.1"
  for part in "$app"/* ; do # the mark goes last, so that what is interrupted goes on
    [ "$part" = "$app/removing" ] || rm -rf "$part"
  done
  rm -rf "$app"
  rmdir "$home" 2>/dev/null || true
  say "Flyaway is removed. Your settings stay where they were."
}

can_run() { "$flyaway" --version >/dev/null 2>&1; }

usage() {
  say "usage: sh flyaway.sh [--card CARD] [--autostart] [--from ADDRESS], or sh flyaway.sh --uninstall"
}

say() { printf 'flyaway: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

main "$@"
