"""Migrations of each company's `registers`."""
