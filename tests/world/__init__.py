"""Random work on several companies, keys and threads, against a model in plain Python of who should see what.

`model.py` is the model: shelves of rows, and seats, which are what it knows of entries. `hands.py` is who does the
work: threads, steps of streams, copied contexts. `things.py` is what is carried from one company into another, and
how it is used there. `moves.py`, `changes.py` and `operations.py` are what may happen. `turn.py` does a step and
compares it with the model; `world.py` is what there is. Whoever chooses what happens next (Hypothesis, or a long
run's seed) chooses every interleaving.
"""

from .operations import OPERATIONS, Operation
from .world import Leak, World, set_up

__all__ = ["OPERATIONS", "Leak", "Operation", "World", "set_up"]
