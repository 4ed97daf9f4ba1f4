"""Random ORM queries, asked of Dolt and of databases that are known to be right.

`python -m fuzzer.run --queries 20000 --seed 1`; see docs/fuzzer.md.
"""
