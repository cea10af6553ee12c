"""Migrations of each company's `attachments`."""
