"""Edits behind our back: books with a bit of everything, whoever edits them at random, and what a check says to it."""
