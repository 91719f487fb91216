"""Sweeps: many runs of one method that differ in their settings.

`sweep` asks, `grid` and `studies` say what is tried, `plan` and `suggest` what is next, `carry` and `processes` run it,
`trial` is one run from its beginning to its scores.
"""

from nearfar.api.sweeping.studies import STUDIES
from nearfar.api.sweeping.sweep import sweep

__all__ = ["STUDIES", "sweep"]
