#!/usr/bin/env bash
# Publishes the folder for machines without .NET and uses it without one: doctor, a small run, and a server that answers. It is no
# part of run.sh, because the runtime that goes into the folder is a download of 100 MB.
set -euo pipefail
tests="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
work="$(mktemp -d)"
server=""
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
passed=0
passes() { passed=$((passed + 1)); echo "ok: $1"; }
fails() { echo "FAILED: $1"; echo "$passed passed, 1 failed"; exit 1; }
# No .NET, no settings of this shell.
bare=(env -i "PATH=/usr/bin:/bin" "HOME=$work/home")

"$tests/../src/publish.sh" "$work/out"
"${bare[@]}" "$work/out/rrodashboard" doctor >"$work/doctor" && passes "doctor: $(grep -m1 engine "$work/doctor")" || fails "doctor: $(cat "$work/doctor")"
"${bare[@]}" "$work/out/rrodashboard" train --preset smoke --json >"$work/train" 2>"$work/train-log" && grep -q '"ledgerSha256"' "$work/train" &&
  passes "train: $(tail -n 1 "$work/train" | cut -c 1-120)" || fails "train: $(tail -n 3 "$work/train" "$work/train-log")"
if said="$("${bare[@]}" "LIBTORCH_ROOT=$work/nothing" "$work/out/rrodashboard" doctor 2>&1)"; then fails "a wrong LIBTORCH_ROOT was taken"; fi
grep -q "is no libtorch" <<<"$said" && passes "wrong LIBTORCH_ROOT: $(tail -n 1 <<<"$said")" || fails "wrong LIBTORCH_ROOT: $said"

# The system's own libtorch as a folder, named from where one stands: the engine is compiled against it.
if [ -d /usr/include/torch ] && libs="$(dirname "$(find /usr/lib -name libtorch_cpu.so -print -quit)")"; then
  mkdir "$work/own" && ln -s /usr/include "$work/own/include" && ln -s "$libs" "$work/own/lib"
  said="$(cd "$work" && "${bare[@]}" LIBTORCH_ROOT=own "$work/out/rrodashboard" doctor 2>&1)" && grep -q "Compiling the engine against $work/own" <<<"$said" &&
    passes "LIBTORCH_ROOT=own: $(grep -m1 engine <<<"$said" | tail -n 1)" || fails "LIBTORCH_ROOT=own: $said"
fi

"${bare[@]}" "$work/out/rrodashboard" serve --url http://127.0.0.1:0 --data-dir "$work/data" --no-demo >"$work/serve" 2>&1 &
server=$!
for _ in $(seq 100); do
  url="$(grep -oE 'http://127\.0\.0\.1:[1-9][0-9]*' "$work/serve" | head -n 1 || true)"
  [ -n "$url" ] && curl -fsS "$url/health/ready" >/dev/null 2>&1 && break
  sleep 0.2
done
curl -fsS "${url:?the server did not say its address: $(cat "$work/serve")}/health/ready" >/dev/null && passes "serve: $url/health/ready" || fails "serve: $(cat "$work/serve")"
[ "$(curl -fsS "$url/_framework/blazor.web.js" | wc -c)" -gt 10000 ] && passes "serve: the script of the pages is there" || fails "serve: no blazor.web.js"
echo "$passed passed, 0 failed"
