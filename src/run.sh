#!/usr/bin/env bash
# Installs what is missing, builds, and starts the dashboard: src/run.sh [serve|train|experiment|explore|evaluate|export|import|bench|doctor|link] [options].
# src/run.sh --help lists the commands and their options.
set -euo pipefail
source_folder="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
web="$source_folder/RroDashboard.Web"
app="$web/bin/Release/net10.0/RroDashboard.Web.dll"
stamp="$web/bin/Release/.built"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

"$source_folder/setup.sh" run

# Quick when nothing changed: asking MSBuild costs seconds, looking at file times does not.
changed() {
  [ ! -f "$app" ] || [ ! -f "$stamp" ] ||
    [ -n "$(find "$source_folder" "$source_folder/../wwwroot" \( -name bin -o -name obj -o -name node_modules \) -prune \
      -o -type f -newer "$stamp" -print -quit)" ]
}
if changed; then
  # Everything the build says goes to the error stream: the last line of `train` must be the only JSON on the output.
  started="$(mktemp)"
  dotnet build "$web/RroDashboard.Web.csproj" -c Release -v quiet -nologo "-clp:ErrorsOnly;NoSummary" >&2
  touch -r "$started" "$stamp"
  # Files that the build itself made are newer than its start, and known.
  find "$source_folder/../wwwroot/_framework" "$source_folder/../wwwroot/lib" -newer "$stamp" -exec touch -r "$stamp" {} + 2>/dev/null || true
  find "$source_folder" \( -name bin -o -name obj -o -name node_modules \) -prune -o -name '*.so' -newer "$stamp" -exec touch -r "$stamp" {} +
  rm -f "$started"
fi

if [ "${1:-}" = bench ]; then
  # Benchmarks are programs beside the tests.
  shift
  bench="$source_folder/../tests/RroDashboard.Benchmarks/RroDashboard.Benchmarks.csproj"
  dotnet build "$bench" -c Release -v quiet -nologo -clp:ErrorsOnly >&2
  exec dotnet "$(dirname "$bench")/bin/Release/net10.0/RroDashboard.Benchmarks.dll" "$@"
fi
exec dotnet "$app" "$@"
