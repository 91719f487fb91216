"""Methods: modules composed into a way to learn, one file each."""

from nearfar.methods.method import Batch, Method, Step
from nearfar.methods.simclr import SimCLR

__all__ = ["METHODS", "Batch", "Method", "SimCLR", "Step"]

METHODS: dict[str, type[Method]] = {method.__name__.lower(): method for method in (SimCLR,)}
"""Every method by its name on the command line."""
