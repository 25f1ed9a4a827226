#!/usr/bin/env bash
# Makes a folder that runs on an x64 Linux machine without .NET: src/publish.sh [--bench] FOLDER. Copy it there and start FOLDER/rrodashboard.
# With --bench the benchmarks that need no browser are in it too: FOLDER/rrodashboard bench cuda.
# What the machine has to have is libtorch (Debian's, or LIBTORCH_ROOT: an unpacked one, or the torch folder of a PyTorch installation,
# with CUDA or without) and, where that is another libtorch than this machine's, g++: the engine is compiled against it at the first start.
set -euo pipefail
source_folder="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
bench=""
if [ "${1:-}" = --bench ]; then
  bench=yes
  shift
fi
folder="${1:-}"
if [ -z "$folder" ] || [ $# -gt 1 ]; then
  echo "usage: src/publish.sh [--bench] FOLDER   (a folder that does not exist yet)" >&2
  exit 2
fi
if [ -e "$folder" ]; then
  echo "'$folder' exists already: choose another name, nothing is overwritten." >&2
  exit 1
fi
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

"$source_folder/setup.sh" run
dotnet publish "$source_folder/RroDashboard.Web/RroDashboard.Web.csproj" -c Release -r linux-x64 --self-contained -o "$folder/app" \
  -v quiet -nologo "-clp:ErrorsOnly;NoSummary"
if [ -n "$bench" ]; then
  dotnet publish "$source_folder/../tests/RroDashboard.Benchmarks/RroDashboard.Benchmarks.csproj" -c Release -r linux-x64 --self-contained -o "$folder/app" \
    -v quiet -nologo "-clp:ErrorsOnly;NoSummary"
  # The driver of a browser, which is not there.
  rm -rf "$folder/app/.playwright"
fi
mkdir -p "$folder/engine"
cp -r "$source_folder/TorchSharp/native" "$folder/engine/native"

cat >"$folder/rrodashboard" <<'START'
#!/usr/bin/env bash
# Starts the dashboard of this folder: rrodashboard [serve|train|doctor|...] [options]; rrodashboard --help lists them.
# LIBTORCH_ROOT names the libtorch to compute with; without it the system's is used.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="${LIBTORCH_ROOT:-${LIBTORCH:-}}"
[ -z "$root" ] || root="$(realpath -m -- "$root")"
library="$here/app/librro_engine.so"
[ -z "$root" ] || export LD_LIBRARY_PATH="$root/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"

# For which libtorch the engine was compiled: the folder, and the version that is in it now.
wanted="$root $(cat "$root/build-version" "$root/version.py" 2>/dev/null || true)"
compiled="$(cat "$here/engine/compiled-for" 2>/dev/null || true)"
if [ ! -e "$library" ] || ldd "$library" 2>/dev/null | grep -q 'not found' || { [ "$wanted" != "$compiled" ] && [ -n "$root$compiled" ]; }; then
  echo "Compiling the engine against ${root:-the libtorch of this system} ..." >&2
  if ! said="$(cd "$here/engine" && bash native/build.sh "$here/engine/librro_engine.so" "$root")"; then
    echo "${said#engine: }" >&2
    exit 1
  fi
  mv "$here/engine/librro_engine.so" "$library"
  printf '%s' "$wanted" >"$here/engine/compiled-for"
fi
if [ "${1:-}" = bench ] && [ -x "$here/app/RroDashboard.Benchmarks" ]; then
  shift
  exec "$here/app/RroDashboard.Benchmarks" "$@"
fi
exec "$here/app/RroDashboard.Web" "$@"
START
chmod +x "$folder/rrodashboard"
echo "Made $folder ($(du -sh "$folder" | cut -f1)). On the other machine: $(basename "$folder")/rrodashboard doctor"
