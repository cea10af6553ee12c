"""What the server says to its operator: lines of text or of JSON, each with whom and what it concerns."""

from cuneifox.logs.facts import at_work
from cuneifox.logs.setting_up import set_up

__all__ = ["at_work", "set_up"]
