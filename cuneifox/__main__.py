"""`python -m cuneifox` is `cuneifox`."""

from cuneifox.cli import main

main(prog_name="cuneifox")
