"""Files of other programs, read into what the books can post; never into the books directly."""
