#!/usr/bin/env bash
# Installs what is missing, builds, runs every test project, and ends with "N passed, N failed[, N skipped]".
# tests/run.sh [PART] runs only the projects whose name contains PART, for example: tests/run.sh Core
# The exit code is 1 when a test failed, a project ran no test, or something did not build.
set -uo pipefail
tests="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
results="${RRO_TEST_RESULTS:-$tests/TestResults}"

"$tests/../src/setup.sh" test || exit 1
rm -rf "$results"
mkdir -p "$results"

# Prints "N passed, N failed[, N skipped]" for all trx files in a folder; fails on a failure and on zero tests.
# Only <UnitTestResult> start tags count: the summary of a trx file has an outcome of its own.
trx_summary() {
  find "$1" -name '*.trx' -exec cat {} + |
    grep -oE '<UnitTestResult [^>]*' | grep -oE ' outcome="[A-Za-z]+"' |
    awk -F'"' '{ count[$2]++; total++ }
      END { passed = count["Passed"] + 0; skipped = count["NotExecuted"] + 0; failed = total - passed - skipped
            printf "%d passed, %d failed", passed, failed; if (skipped) printf ", %d skipped", skipped; print ""
            exit (failed > 0 || total == 0) }'
}

echo "Building ..."
if ! dotnet build "$tests/../RroDashboard.sln" -c Release -v quiet -nologo "-clp:ErrorsOnly;NoSummary"; then
  echo "The build failed."
  echo "0 passed, 0 failed"
  exit 1
fi

code=0
for project in "$tests"/*.Tests; do
  name="$(basename "$project")"
  case "$name" in *"${1:-}"*) ;; *) continue ;; esac
  started=$SECONDS
  # A hang is a failure with a name, not an endless wait.
  timeout --kill-after=30 "${RRO_TEST_TIMEOUT:-900}" dotnet test "$project" -c Release --no-build --nologo -v quiet \
    --logger "trx;LogFileName=$name.trx" --results-directory "$results/$name" >"$results/$name.log" 2>&1
  exit_code=$?
  if ! summary="$(trx_summary "$results/$name")" || [ $exit_code -ne 0 ]; then
    code=1
    grep -vE '^\s*$' "$results/$name.log" | tail -n 60
    [ $exit_code -eq 124 ] && echo "$name did not end within ${RRO_TEST_TIMEOUT:-900} seconds."
  fi
  printf '%-34s %s (%d s)\n' "$name" "$summary" $((SECONDS - started))
done

trx_summary "$results" || code=1
exit $code
