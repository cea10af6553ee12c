"""Migrations of what belongs to no company: users, sessions, the list of companies."""
