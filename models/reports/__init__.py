"""What the books say: each report reads one snapshot and returns plain structs in minor units."""
