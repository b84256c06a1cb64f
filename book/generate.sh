#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# generate.sh BUILD OUT: runs the commands whose output the pages show, and
# writes what they print into OUT.
set -euo pipefail
build=$1 out=$2
mkdir -p "$out"
# No schedule that was tuned here, and no program of an older text.
XDG_CACHE_HOME=$(mktemp -d)
export XDG_CACHE_HOME
trap 'rm -rf "$XDG_CACHE_HOME"' EXIT
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

python3 book/pass_reference.py "$build/common/compiler/passes/Passes.md" >"$out/passes.md"

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

# Chapters 2 and 3.
ch02=$build/bin/ch02-linalg ch03=$build/bin/ch03-fusion small=--model=random-124m
# loop FILE STATE_FILE REGEX...: the assembly's first block with the first REGEX
# that occurs; which instructions LLVM chooses depends on the machine.
loop() {
  local file=$1 state=$2 regex
  for regex in "${@:3}"; do
    excerpt "$state" --block "$regex" 2>/dev/null >"$out/$file" && return
  done
  echo "no loop for $file" >&2
  return 1
}
"$ch02" --emit=specialized >"$out/ch02-specialized.txt"
"$ch02" --emit=ordered >"$out/ch02-ordered.txt"
"$ch02" --emit=loops >"$out/ch02-loops.txt"
"$ch02" $small --emit=asm >"$out/ch02-asm.txt"
excerpt "$out/ch02-loops.txt" --around 'load %.*memref<192x576xf32' --levels 3 >"$out/ch02-linear-loops.mlir"
loop ch02-linear.s "$out/ch02-asm.txt" 'mulps\s+\S+, %[xyz]mm0, %[xyz]mm3' 'mulps' 'fmul|fmla'
"$ch02" --explain=linear | grep -A 60 '=== ordered: linalg-generalize' | sed '/=== bufferized/,$d' | cut -c1-150 >"$out/ch02-explain.txt"
"$ch03" $small --emit=asm >"$out/ch03-asm.txt"
"$ch03" --emit=fused | cut -c1-118 >"$out/ch03-fused.txt"
excerpt "$out/ch03-fused.txt" --around 'math.tanh' --levels 3 >"$out/ch03-mlp.mlir"
excerpt "$out/ch03-fused.txt" --around 'math.exp' --levels 3 >"$out/ch03-attention.mlir"
loop ch03-linear.s "$out/ch03-asm.txt" 'fmadd231ps.*mm16' 'fmadd231ps' 'mulps' 'fmla'
for c in 2 3; do
  chapter=ch0$c && chapter=${!chapter}
  "$chapter" $small --score >"$out/ch0$c-score.txt"
  "$chapter" --emit=pipeline >"$out/ch0$c-pipeline.txt"
  "$chapter" --emit=source >"$out/ch0$c-source.txt"
done
"$ch01" --emit=pipeline >"$out/ch01-pipeline.txt"
"$ch01" --emit=source >"$out/ch01-source.txt"
# Upstream's fusion instead of ours: how often does it compute a tanh?
sed 's/^fuse-elementwise/linalg-fuse-elementwise-ops/; s/fuse=true/fuse=false/' "$out/ch03-pipeline.txt" >"$out/upstream.pipeline"
"$ch03" $small --pipeline="$out/upstream.pipeline" --score >"$out/ch03-upstream-score.txt"

# Chapter 4.
ch04=$build/bin/ch04-gpu-parallel
"$ch04" $small --score >"$out/ch04-score.txt"
"$ch04" --emit=pipeline >"$out/ch04-pipeline.txt"
"$ch04" --emit=source >"$out/ch04-source.txt"
"$ch04" --emit=launches | cut -c1-150 >"$out/ch04-launches.txt"
excerpt "$out/ch04-launches.txt" --from 'gpu.launch' --to 'gpu.terminator' >"$out/ch04-embedding.mlir"
"$ch04" --emit=bufferized | cut -c1-150 >"$out/ch04-bufferized.txt"
excerpt "$out/ch04-bufferized.txt" --around 'math.tanh' --levels 1 >"$out/ch04-gelu.mlir"
"$ch04" --emit=gpu >"$out/ch04-gpu.txt"
"$ch04" --emit=ptx >"$out/ch04.ptx"
"$ch04" --emit=amdgcn --chip=gfx942 >"$out/ch04.gcn"
excerpt "$out/ch04-gpu.txt" --from 'gpu.func @layernorm\(' --to 'gpu.return' >"$out/ch04-layernorm.mlir"
excerpt "$out/ch04.ptx" --from 'entry layernorm\(' --to '^}' | cut -d'#' -f1 >"$out/ch04-layernorm.ptx"
excerpt "$out/ch04.gcn" --from '^layernorm:' --to 's_endpgm' | cut -d';' -f1 >"$out/ch04-layernorm.gcn"
python3 book/side_by_side.py "gpu dialect=$out/ch04-layernorm.mlir" \
  "PTX (sm_90)=$out/ch04-layernorm.ptx" "GCN (gfx942)=$out/ch04-layernorm.gcn" >"$out/ch04-layernorm.html"
# What ptxas makes of the kernels, where CUDA's assembler is, and of those that
# were written by hand, where nvcc is.
ptxas=$(command -v ptxas || ls /usr/local/cuda/bin/ptxas 2>/dev/null || true)
by_hand=$build/ch04-gpu-parallel/yardsticks.ptx
echo "(no ptxas on the machine that made this page)" >"$out/ch04-ptxas.txt"
echo "(no nvcc, or no ptxas, on the machine that made this page)" >"$out/ch04-yardsticks.txt"
if [[ -n $ptxas ]]; then
  python3 book/kernels.py "$ptxas" sm_90 "$out/ch04.ptx" >"$out/ch04-ptxas.txt"
  [[ ! -f $by_hand ]] || python3 book/kernels.py "$ptxas" sm_90 "$out/ch04.ptx" "$by_hand" >"$out/ch04-yardsticks.txt"
fi
"$ch04" --device=emulator --profile --max-new-tokens=4 "Once upon a time" 2>&1 >/dev/null |
  sed -n '/^device/p; /^kernel/,$p' | sed 's/^device: \(.*\), on .*, code/device: \1, code/' >"$out/ch04-profile.txt"

# Chapter 5.
ch05=$build/bin/ch05-kv-cache
"$ch05" $small --score >"$out/ch05-score.txt"
"$ch05" --emit=pipeline >"$out/ch05-pipeline.txt"
"$ch05" --emit=source >"$out/ch05-source.txt"
"$ch05" --emit=specialized | cut -c1-150 >"$out/ch05-specialized.txt"
"$ch05" --emit=bufferized | cut -c1-150 >"$out/ch05-bufferized.txt"
excerpt "$out/ch05-specialized.txt" --from 'scf.forall' --to '^      }$' >"$out/ch05-update-tensors.mlir"
excerpt "$out/ch05-bufferized.txt" --from 'scf.forall' --to '^      }$' >"$out/ch05-update-buffers.mlir"
"$ch05" --emit=specialized | grep -o 'func.func @.*%arg5: tensor<[^>]*>' | sed 's/ {bufferization[^}]*}//g' | fold -s -w 100 >"$out/ch05-entries.txt"
printf 'Once upon a time\nThe king\nThere was an old wolf\n' >"$out/prompts.txt"
{ echo '$ ./tutorial run --prompts prompts.txt --batch 2 --greedy --max-new-tokens 12' &&
  "$ch05" --prompts="$out/prompts.txt" --batch=2 --greedy --max-new-tokens=12 2>/dev/null | fold -s -w 80; } >"$out/ch05-prompts.txt"

# Chapter 6.
ch06=$build/bin/ch06-vectorize
"$ch06" --emit=pipeline | sed "s|$PWD/||g" >"$out/ch06-pipeline.txt"
"$ch06" --emit=source >"$out/ch06-source.txt"
excerpt ch06-vectorize/schedules/cpu/steps/products.mlir --from '// For rows in blocks' --to '^  }' >"$out/ch06-tile-product.mlir"
excerpt ch06-vectorize/schedules/cpu/steps/products.mlir --from '// A tile of a product' --to '^  }' >"$out/ch06-registers.mlir"
for state in scheduled packed vectors; do
  "$ch06" --emit=$state | cut -c1-118 >"$out/ch06-$state.txt"
done
# The first product of the MLP: a part, and its innermost loop.
excerpt "$out/ch06-scheduled.txt" --around 'transfer_read %arg16\[' --levels 5 >"$out/ch06-tile.mlir"
excerpt "$out/ch06-packed.txt" --around 'transfer_read %arg16\[' --levels 1 >"$out/ch06-packed.mlir"
"$ch06" $small --emit=loops | cut -c1-118 >"$out/ch06-loops.txt"
grep -m1 -A2 'memref.prefetch' "$out/ch06-loops.txt" | sed 's/^ *//; s/, data : .*//; s/ : memref.*//' >"$out/ch06-prefetch.mlir"
"$ch06" --weights=int8 --emit=weights | sed 's/{indexing_maps.*iterator_types = \[[^]]*\]}/{...}/' >"$out/ch06-int8.txt"
excerpt "$out/ch06-int8.txt" --from 'gpt2.op = "quantized.product"' --to '-> tensor' >"$out/ch06-int8.mlir"
for format in f32 bf16 int8; do
  "$ch06" $small --weights=$format --emit=asm >"$out/ch06-asm.txt"
  loop ch06-$format.s "$out/ch06-asm.txt" "$(case $format in
    f32) echo 'vfmadd231ps.*zmm16' ;;
    bf16) echo 'vdpbf16ps.*zmm1[0-9]' ;;
    int8) echo 'vpdpbusd.*zmm1[0-9]' ;;
  esac)" 'vfmadd231ps.*ymm' 'fmla' 'mulps'
done
# Its kernels for matrix units.
units() { "$ch06" $small --weights=bf16 --chip="$1" --emit="$2"; }
excerpt ch06-vectorize/gpu/linear_in_bf16.mlir --from 'gpu.barrier // both' --to 'gpu.barrier // nobody' >"$out/ch06-block.mlir"
steps=ch06-vectorize/schedules/gpu/steps/matrix_units.mlir
excerpt $steps --from 'transform.foreach %all' --to '^    }' >"$out/ch06-divide.mlir"
excerpt $steps --from '// Step 5' --to '^    }' >"$out/ch06-tiles.mlir"
units sm_90 scheduled | sed 's/indexing_maps.*kind<add>/.../; s/, #gpu.address_space<workgroup>//' | cut -c1-150 >"$out/ch06-gpu-scheduled.txt"
excerpt "$out/ch06-gpu-scheduled.txt" --from 'gpu.barrier' --to 'gpu.barrier' >"$out/ch06-units.mlir"
units sm_90 ptx >"$out/ch06.ptx"
units gfx942 amdgcn >"$out/ch06.gcn"
excerpt "$out/ch06.ptx" --from 'bar.sync' --to 'bar.sync' | expand -t 2 >"$out/ch06-units.ptx"
excerpt "$out/ch06.gcn" --from '^\s+s_barrier' --to '^\s+s_barrier' | cut -d';' -f1 | grep -v '^\s*$' >"$out/ch06-units.gcn"
excerpt "$out/ch06.ptx" --from 'entry linear_in_bf16_decode\(' --to '^}' >"$out/ch06-of-one.ptx"
excerpt "$out/ch06-of-one.ptx" --from '^\$L__BB' --to 'bra' | expand -t 2 >"$out/ch06-one-token.ptx"
grep -q 'ld.global.v4' "$out/ch06-one-token.ptx"
echo "(no ptxas on the machine that made this page)" >"$out/ch06-units.txt"
[[ -z $ptxas ]] || python3 book/kernels.py "$ptxas" sm_90 "$out/ch06.ptx" | sed -n '1p; /bf16/p' >"$out/ch06-units.txt"
for what in pipeline source; do
  "$ch05" $small --weights=bf16 --chip=sm_90 --emit=$what >"$out/ch05gpu-$what.txt"
  units sm_90 $what >"$out/ch06gpu-$what.txt"
done

# How models that differ from GPT-2 begin: the first stage.
grep -o '%epsilon = .*' ch02-linalg/layernorm.mlir >"$out/models-epsilon.mlir"
for model in plain untied numbers; do
  echo "$model:"
  "$ch06" --model="common/model/fixtures/models/$model" --emit=pipeline | sed -n '/tie-emb\|set-const\|inline/{s/^ */  /p}' | cut -c1-100
done >"$out/models-pipelines.txt"

excerpt common/serve/scheduler.cpp --from 'Scheduler::chooseTokens' --to '^}' >"$out/ch07-choose.cpp"
"$ch06" "There was once a king who had" 2>/dev/null >"$out/king.txt"
{ echo '$ ./tutorial run --chapter ch06-vectorize --loss king.txt --weights int8' &&
  "$ch06" --loss="$out/king.txt" --weights=int8 2>/dev/null; } >"$out/ch06-loss.txt"
"$(./tutorial find-python)" book/drawings.py "$out"

# From Python. What it costs depends on the machine; all else does not.
python=$(sed -n 's/^Python_EXECUTABLE:[A-Z]*=//p' "$build/CMakeCache.txt")
for script in book/python/*.py; do
  name=$(basename "$script" .py)
  PYTHONPATH=$build/python "$python" -B "$script" | sed "s|/[^ ]*/lowering-gpt2-[^/]*/||" |
    fold -s -w 110 >"$out/python-$name.txt"
done

# What a chapter changes: its source and its passes against its parent's.
changes() { diff -U2 --label "$2" --label "$3" "$out/$2-$1.txt" "$out/$3-$1.txt" | cut -c1-118 >"$out/$3-$1.diff" || true; }
for pair in "ch01 ch02" "ch02 ch03" "ch03 ch04" "ch03 ch05" "ch05 ch06" "ch05gpu ch06gpu"; do
  for what in source pipeline; do
    # shellcheck disable=SC2086 # two words
    changes $what $pair
  done
done
[[ -s $out/ch03-source.diff ]] || echo "(no difference: the kernels are those of chapter 2)" >"$out/ch03-source.diff"
