"""Trained encoders in the formats of other libraries."""

from nearfar.engine.exporting.formats import FORMATS, Exported, check_format, export_encoder

__all__ = ["FORMATS", "Exported", "check_format", "export_encoder"]
