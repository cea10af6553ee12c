"""Migrations of each company's `books`."""
