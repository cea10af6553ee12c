"""Backups: copies that were checked, compressed and told of in a manifest, at a place that may be far away."""
