#!/usr/bin/env bash
# generate.sh BUILD OUT: runs the commands whose output the pages show, and
# writes what they print into OUT.
set -euo pipefail
build=$1 out=$2
mkdir -p "$out"
ch01=$build/bin/ch01-baseline

# shown FILE COMMAND...: COMMAND as a reader types it, and what it prints, in
# lines of 80 columns. A chapter's program is typed as ./tutorial run.
shown() {
  local file=$out/$1 typed="./tutorial run" word
  shift
  for word in "${@:2}"; do
    [[ $word == *[\ ]* ]] && word="\"$word\""
    typed+=" $word"
  done
  { printf '$ %s\n' "$typed" && "$@" 2>/dev/null | fold -s -w 80; } >"$file"
}
excerpt() { python3 book/excerpt.py "$@"; }

shown story.txt "$ch01" "There was once a king who had"
shown emit-help.txt "$ch01" --emit=help

for state in specialized bufferized llvm-ir asm; do
  "$ch01" --emit=$state >"$out/$state.txt"
done
excerpt "$out/specialized.txt" --around 'math.tanh' --levels 2 >"$out/gelu-specialized.mlir"
excerpt "$out/bufferized.txt" --around 'math.tanh' --levels 2 >"$out/gelu-bufferized.mlir"
# The first linear layer's weights are (192, 576): 576 floats, 2304 bytes a row.
excerpt "$out/bufferized.txt" --around 'load %.*memref<192x576xf32' --levels 3 >"$out/linear-bufferized.mlir"
case $(uname -m) in
x86_64) excerpt "$out/asm.txt" --block 'mulss.*\b2304\(' >"$out/linear.s" ;;
*) excerpt "$out/asm.txt" --block 'fmul|fmadd' >"$out/linear.s" ;;
esac
