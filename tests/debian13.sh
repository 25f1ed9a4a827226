#!/usr/bin/env bash
# Builds and tests the engine on Debian 13 (libtorch 2.6), in a root folder of its own: tests/debian13.sh [libtorch|package|cuda] [ROOT]
#   libtorch  our binding over Debian 13's libtorch: the tests of the binding and of training, and a small run
#   package   the NuGet package TorchSharp instead of our binding (-p:TorchSharpPackage=true), on the libtorch that comes with it: the tests of training.
#             Its native library wants a newer libstdc++ than Debian 12 has.
#   cuda      our binding compiled against Debian 13's libtorch with CUDA (2.5 GB to fetch); with cuDNN there, which Debian fetches from NVIDIA, its tests too
# ROOT is kept for the next time; without it a temporary folder is used. Wants root, debootstrap and an SDK; it is no part of run.sh for what it downloads.
set -euo pipefail
what="${1:-libtorch}"
tests="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
case "$what" in libtorch | package | cuda) ;; *) echo "usage: tests/debian13.sh [libtorch|package|cuda] [ROOT]" >&2; exit 2 ;; esac
[ "$(id -u)" -eq 0 ] || { echo "This has to be root: it makes a root folder and changes into it." >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "debootstrap is missing: apt install debootstrap" >&2; exit 1; }
sdk="$(dirname "$(readlink -f "$(command -v dotnet)")")"
[ -d "$sdk/sdk" ] || sdk=/usr/share/dotnet

if [ -z "${2:-}" ]; then
  root="$(mktemp -d)"
  trap 'rm -rf --one-file-system "$root"' EXIT
else
  root="$(realpath -m -- "$2")"
fi
# What debootstrap did not finish is not taken for a root.
if [ ! -e "$root/made" ]; then
  debootstrap --variant=minbase --components=main,contrib,non-free trixie "$root" >"$root.log" 2>&1 || { tail -n 5 "$root.log" >&2; exit 1; }
  rm -f "$root.log"
  touch "$root/made"
fi

# Mounts of a namespace of its own end with it; so no build server may outlive it either.
run() {
  unshare --mount --propagation private bash -c '
    set -euo pipefail
    mkdir -p "$1/usr/share/dotnet" "$1/root/.nuget" "$1/rro-$4"
    mount --bind "$2" "$1/usr/share/dotnet"
    mkdir -p "$HOME/.nuget" && mount --bind "$HOME/.nuget" "$1/root/.nuget"
    mount --bind /proc "$1/proc" && mount --bind /dev "$1/dev"
    exec chroot "$1" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/share/dotnet LANG=C.UTF-8 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 UseSharedCompilation=false MSBUILDDISABLENODEREUSE=1 DEBIAN_FRONTEND=noninteractive bash -c "set -e; cd /rro-$4; $3"
  ' run "$root" "$sdk" "$1" "$what"
}

common="g++ libicu76 ca-certificates python3"
case "$what" in
  libtorch) run "apt-get install -y -q --no-install-recommends $common libtorch-dev libopenblas0-pthread >/dev/null" ;;
  package) run "apt-get install -y -q --no-install-recommends $common >/dev/null" ;;
  cuda) run "apt-get install -y -q --no-install-recommends $common libopenblas0-pthread libtorch-cuda-dev >/dev/null" || echo "Not all of libtorch-cuda-dev could be set up; see what follows." ;;
esac

# The sources as they are here, without what was built here, and nothing of the last time but what was built there; as new, so that it is built again.
mkdir -p "$root/rro-$what"
find "$root/rro-$what" -type d \( -name bin -o -name obj \) -prune -o -type f -print0 | xargs -0 -r rm -f
(cd "$tests/.." && git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do if [ -e "$file" ]; then printf '%s\0' "$file"; fi; done | tar --null -T - -cf - | tar -xmf - -C "$root/rro-$what")

failed=0
suite() { run "dotnet test tests/$1 -c Release --nologo -v quiet ${2:-}" || failed=1; }
case "$what" in
  package) suite RroDashboard.Training.Tests -p:TorchSharpPackage=true ;;
  *)
    if [ "$what" = cuda ]; then
      run 'bash src/TorchSharp/native/build.sh /tmp/librro_engine.so "" src/TorchSharp/native/shim.cpp && ldd /tmp/librro_engine.so | grep -E "libtorch_cuda|libcudart|not found"'
      if [[ "$(run 'ldd /tmp/librro_engine.so')" == *"not found"* ]]; then
        echo "The engine compiles against libtorch with CUDA; it cannot be loaded here for want of the libraries named above."
        exit 0
      fi
    fi
    suite TorchSharp.Tests
    suite RroDashboard.Training.Tests
    ;;
esac
exit $failed
