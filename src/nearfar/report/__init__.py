"""Run folder -> one self-contained page. Reads records; a page can be made on a machine without torch.

Beside the files of `nearfar.records` it reads the gallery:

    gallery/sample.parquet  an `EmbeddingTable` of at most 2,000 examples
    gallery/sample.webp     their thumbnails in one picture, row after row
    gallery/gallery.json    {"schema": 1, "source": "fashion-mini, test",
                             "sprite": "sample.webp", "tile": 32, "columns": 50,
                             "views": [{"id": ..., "original": "views/0_original.png", "views": [...]}, ...]}
"""

from nearfar.report.compare import Comparison, Entry, Reading, compare
from nearfar.report.compared import write_comparison
from nearfar.report.page import write_report

__all__ = ["Comparison", "Entry", "Reading", "compare", "write_comparison", "write_report"]
