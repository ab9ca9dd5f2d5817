"""Hostile files: mutations of good small files of every format, each sent the whole way through the program.

100,000 files in about ten minutes:    python -m benchmarks.fuzz -o docs/fuzzing.md
One of them made again:                python -m benchmarks.fuzz --make "PNG 16 bit" 4711 -o hostile
"""
