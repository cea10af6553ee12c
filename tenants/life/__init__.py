"""A tenant's life as a whole, from the template to the last backup: every step is taken wholly or not at all."""
