#!/usr/bin/env bash
# Installs what is missing, builds, runs every test project, and ends with the line "N passed, N failed"; before it stands what was skipped and why.
# tests/run.sh [PART] runs only the projects whose name contains PART, for example: tests/run.sh Core
# The exit code is 1 when a test failed, a project ran no test, or something did not build.
set -uo pipefail
tests="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
results="${RRO_TEST_RESULTS:-$tests/TestResults}"

"$tests/../src/setup.sh" test || exit 1
rm -rf "$results"
mkdir -p "$results"

# Prints "N passed, N failed" for all trx files in a folder; fails on a failure and on zero tests. Skipped ones are in neither number.
# Only <UnitTestResult> start tags count: the summary of a trx file has an outcome of its own. A second argument is added to the failures: projects that
# were ended, or ended themselves, without a test that says so.
trx_summary() {
  find "$1" -name '*.trx' -exec cat {} + |
    grep -oE '<UnitTestResult [^>]*' | grep -oE ' outcome="[A-Za-z]+"' |
    awk -F'"' -v broken="${2:-0}" '{ count[$2]++; total++ }
      END { passed = count["Passed"] + 0; skipped = count["NotExecuted"] + 0; failed = total - passed - skipped + broken
            printf "%d passed, %d failed\n", passed, failed
            exit (failed > 0 || total == 0) }'
}

echo "Building ..."
if ! dotnet build "$tests/../RroDashboard.sln" -c Release -v quiet -nologo "-clp:ErrorsOnly;NoSummary"; then
  echo "The build failed."
  echo "0 passed, 1 failed"
  exit 1
fi

# Runs one project; what it has to say comes in one piece, because two of them may run at a time.
run_project() {
  local name="$1" started=$SECONDS exit_code summary failed=0
  # A hang is a failure with a name, not an endless wait.
  timeout --kill-after=30 "${RRO_TEST_TIMEOUT:-900}" dotnet test "$tests/$name" -c Release --no-build --nologo -v quiet \
    --logger "trx;LogFileName=$name.trx" --results-directory "$results/$name" >"$results/$name.log" 2>&1
  exit_code=$?
  if ! summary="$(trx_summary "$results/$name")" || [ $exit_code -ne 0 ]; then failed=1; fi
  {
    if [ $failed -eq 1 ]; then
      grep -vE '^\s*$' "$results/$name.log" | tail -n 60
      [ $exit_code -eq 124 ] || [ $exit_code -eq 137 ] && echo "$name did not end within ${RRO_TEST_TIMEOUT:-900} seconds, or was killed."
      # No test of it failed, and yet it did.
      case "$summary" in *" 0 failed") touch "$results/$name.broken" ;; esac
    fi
    printf '%-34s %s (%d s)\n' "$name" "$summary" $((SECONDS - started))
  } >"$results/$name.said"
  cat "$results/$name.said"
  return $failed
}

code=0
beside="" browser="" others=()
for project in "$tests"/*.Tests; do
  name="$(basename "$project")"
  case "$name" in *"${1:-}"*) ;; *) continue ;; esac
  case "$name" in
    # The browser needs both cores.
    *.EndToEnd.Tests) browser="$name" ;;
    # Trains on one core from beginning to end: the other one is for the projects after it.
    *.Training.Tests) run_project "$name" & beside=$! ;;
    *) others+=("$name") ;;
  esac
done
for name in ${others+"${others[@]}"}; do run_project "$name" || code=1; done
[ -z "$beside" ] || wait "$beside" || code=1
[ -z "$browser" ] || run_project "$browser" || code=1

# What was skipped, by reason.
find "$results" -name '*.trx' -exec cat {} + | grep -A4 'outcome="NotExecuted"' | grep -oE '<(Message|StdOut)>[^<]*' | sed -E 's/^<[A-Za-z]+>//' | sort | uniq -c |
  while read -r count reason; do echo "$count skipped: ${reason#skipped: }"; done
trx_summary "$results" "$(find "$results" -name '*.broken' | wc -l)" || code=1
exit $code
