"""Attacks on an installation of three companies: what one of them may never get of another, and whether it does.

Everything here finds its own targets: fields by walking the tables, routes by the application's map of addresses, the
names that a page reads by listening to it. What is added to the application is attacked without being added here.
"""
