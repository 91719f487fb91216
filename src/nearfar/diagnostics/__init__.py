"""Diagnostics: an embedding matrix to a number, without labels. Is it healthy?"""

from nearfar.diagnostics.collapse import embedding_std
from nearfar.diagnostics.spectrum import effective_rank

__all__ = ["effective_rank", "embedding_std"]
