"""What CuneiFox costs, each figure against the program that does the same without it, in one run.

`python -m bench` measures everything and writes docs/benchmarks.md; `python -m bench.NAME` measures one figure.
"""
