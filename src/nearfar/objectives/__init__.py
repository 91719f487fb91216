"""Objectives: tensors to a scalar loss. Pure functions that know no module, no run and no data."""

from nearfar.objectives.contrastive import info_nce, nt_xent, nt_xent_chance, nt_xent_floor

__all__ = ["info_nce", "nt_xent", "nt_xent_chance", "nt_xent_floor"]
