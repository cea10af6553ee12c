"""What was offered and isn't known to be ours: read where little can be done, its rows copied into our schema."""

from .blanks import Template
from .limits import Limits
from .pattern import Pattern, pattern_of
from .running import Report, copy_rows

__all__ = ["Limits", "Pattern", "Report", "Template", "copy_rows", "pattern_of"]
