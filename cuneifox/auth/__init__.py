"""Signing in and out, and what users do with their own account."""
