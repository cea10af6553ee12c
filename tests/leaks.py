"""What a test may leave behind, by the detector that `tenants.testing` has for everybody."""

from __future__ import annotations

from tenants.testing import Surroundings, left_behind, open_database_files

__all__ = ["Surroundings", "left_behind", "open_database_files"]
