#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# build.sh BUILD OUT: the book as a site in OUT/html. Any warning is an error.
set -euo pipefail
build=$1 out=$2
book/generate.sh "$build" "$out/generated"
PYTHONPATH=common "$(./tutorial find-python)" -m compare.book "$out/generated"
awesome=$(dirname "$(dpkg -L doxygen-awesome-css | grep '/doxygen-awesome\.css$' | tail -n 1)")
rm -rf "$out/html"
BUILD=$build OUT=$out AWESOME=$awesome doxygen book/Doxyfile
echo "tutorial: the book is at $PWD/$out/html/index.html"
