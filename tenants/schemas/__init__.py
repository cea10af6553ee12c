"""The versions of the stores' schemas, and how a whole fleet of stores is brought to the newest."""
