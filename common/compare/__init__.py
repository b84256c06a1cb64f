# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""./tutorial compare: what each chapter buys, measured in one run.

programs.py   runs a program in a process of its own, and notices who else ran
machine.py    which machine, which versions
plan.py       what is to be measured: rows, and what each can do here
measure.py    the rounds: chapters in turn, until there are enough runs
figures.py    the arithmetic: medians, speedups, shares of limits
results.py    the file of results, and its schema
tables.py     the same as text and as Markdown
plots.py      and as pictures
kernels.py    kernels alone, by Google Benchmark
pytorch.py    the same model in PyTorch, with a chapter's command line
book.py       the results and tables that the book quotes
"""
