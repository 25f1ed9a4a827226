#!/usr/bin/env bash
# Compiles the shim: build.sh OUTPUT [LIBTORCH_ROOT [SOURCE]]. Called by the build of TorchSharp.csproj, and for other sources by the tests.
# Prints one sentence that begins with "engine: " when something is missing.
set -u
output=$1
root=${2:-}
source=${3:-native/shim.cpp}
install='apt install libtorch-dev libopenblas0-pthread g++'

command -v g++ >/dev/null || { echo "engine: g++ is missing. On Debian or Ubuntu: $install (or build with -p:SkipNativeEngine=true, without training)."; exit 1; }

if [ -n "$root" ] && [ ! -d "$root/include" -o ! -d "$root/lib" ]; then
  echo "engine: '$root' is no libtorch: it has no folders 'include' and 'lib' (of a PyTorch installation it is the folder 'torch')."
  exit 1
fi
if [ -n "$root" ]; then
  include=(-I"$root/include" -I"$root/include/torch/csrc/api/include")
  link=(-L"$root/lib" -Wl,-rpath,"$root/lib")
  # Wheels of some years were built with the old names of std::string; linking against them with the new ones fails.
  if command -v nm >/dev/null && [ -e "$root/lib/libc10.so" ] && ! nm -D --defined-only "$root/lib/libc10.so" 2>/dev/null | grep -q __cxx11; then
    include+=(-D_GLIBCXX_USE_CXX11_ABI=0)
  fi
else
  include=(-I/usr/include/torch/csrc/api/include)
  link=()
fi
# The linker would drop the CUDA half, in which nothing is called by name, and with it every kernel.
libraries=(-ltorch -ltorch_cpu -lc10 -ldl)
# The system's own libtorch has that half where it was packaged with CUDA (Debian's libtorch-cuda-dev); g++ answers with the bare name when it finds none.
if [ -n "$root" ]; then cuda=$root/lib/libtorch_cuda.so; else cuda=$(g++ -print-file-name=libtorch_cuda.so); fi
[ -e "$cuda" ] && libraries=(-Wl,--no-as-needed -ltorch_cuda "${libraries[@]}")

if ! echo '#include <ATen/core/Tensor.h>' | g++ -std=c++17 "${include[@]}" -E -x c++ - >/dev/null 2>&1 \
  && ! echo '#include <ATen/core/Tensor.h>' | g++ -std=c++20 "${include[@]}" -E -x c++ - >/dev/null 2>&1; then
  echo "engine: the headers of libtorch are missing. On Debian or Ubuntu: $install (or build with -p:SkipNativeEngine=true, without training)."
  exit 1
fi

mkdir -p "$(dirname "$output")"
log=$output.log
# Newer headers want C++20, older ones do not know it everywhere: the first that works.
for standard in c++17 c++20; do
  if g++ -std=$standard -O2 -fPIC -shared -fvisibility=hidden "${include[@]}" "$source" -o "$output.new" "${link[@]}" "${libraries[@]}" >"$log" 2>&1; then
    mv "$output.new" "$output"
    exit 0
  fi
done
echo "engine: $source does not compile against this libtorch; the compiler's words are in $log."
exit 1
