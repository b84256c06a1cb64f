# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""./tutorial fetch: public checkpoints of GPT-2, from the hub to where --model finds them.

places.py     which models there are, and the folders in which they may lie
download.py   one file, with pauses, cuts and checksums
progress.py   how far it is

Only Python's own library: the machine that fetches may have nothing else.
"""
