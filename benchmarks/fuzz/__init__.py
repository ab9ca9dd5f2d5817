"""Hostile files: mutations of good small files of every format, each sent the whole way through the program.

python -m benchmarks.fuzz                              100,000 files, summary in docs/fuzzing.md
python -m benchmarks.fuzz --make "PNG 16 bit" 4711     that one mutated file, again
"""
