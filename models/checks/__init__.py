"""What ``models.check`` is made of: each check yields what it finds and changes nothing."""
