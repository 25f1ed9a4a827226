#!/usr/bin/env bash
# Installs what is missing: setup.sh [run|test]. On Debian and Ubuntu by apt-get, with sudo where needed; elsewhere it
# says what to install and exits with 1. It is quick when nothing is missing, so every script calls it.
set -euo pipefail
purpose="${1:-run}"

has() { command -v "$1" >/dev/null 2>&1; }
find_file() { compgen -G "$1" >/dev/null 2>&1; }

packages=()
has g++ || packages+=(g++)
if [ -z "${LIBTORCH:-${LIBTORCH_ROOT:-}}" ]; then
  # LIBTORCH (or LIBTORCH_ROOT) names a libtorch of your own, unpacked or the torch folder of a PyTorch installation, for example one with CUDA; then Debian's is not needed.
  find_file '/usr/include/torch/csrc/api/include/torch/torch.h' || find_file '/usr/include/torch/torch.h' || packages+=(libtorch-dev)
fi
# The reference BLAS is about 40 times slower; this is the quick one.
find_file '/usr/lib/*/openblas-pthread/libopenblas.so*' || find_file '/usr/lib/*/libopenblas.so*' || packages+=(libopenblas0-pthread)
# An npm that is there is left alone: Debian's own may be older.
has npm || packages+=(nodejs npm)
if [ "$purpose" = test ]; then
  has chromium || has chromium-browser || has google-chrome || [ -n "${RRO_CHROMIUM:-}" ] || packages+=(chromium)
  # Tests run the client for trainers elsewhere, which is Python.
  has python3 || packages+=(python3)
fi

if ! has dotnet || ! dotnet --list-sdks | grep -q '^10\.'; then
  echo "The .NET SDK 10 is missing: install it from https://dotnet.microsoft.com/download/dotnet/10.0 and run this again." >&2
  exit 1
fi

[ ${#packages[@]} -eq 0 ] && exit 0

echo "Missing: ${packages[*]}" >&2
if ! has apt-get; then
  echo "This system has no apt-get. Install the equivalents of these Debian packages and run this again: ${packages[*]}" >&2
  exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! has sudo; then
    echo "Installing needs root and there is no sudo. As root, run: apt-get install ${packages[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

"${as_root[@]}" apt-get update -q >&2
if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}" >&2; then
  echo "apt-get could not install all of: ${packages[*]}. Install them by hand and run this again." >&2
  exit 1
fi
