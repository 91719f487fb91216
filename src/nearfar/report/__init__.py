"""Run folder -> one self-contained page. Reads records; a page can be made on a machine without torch.

Beside the files of `nearfar.records` it reads the gallery:

    gallery/sample.parquet       an `EmbeddingTable` of at most 2,000 examples
    gallery/sample-text.parquet  of pictures with captions another, of the captions
    gallery/sample.webp          the thumbnails of pictures in one picture, row after row
    gallery/gallery.json         {"schema": 1, "source": "fashion-mini, test",
                                  "sprite": "sample.webp", "tile": 32, "columns": 50, "texts": [...],
                                  "views": [{"id": ..., "original": "views/0_original.png", "views": [...],
                                             "texts": [...], "read": [...]}, ...],
                                  "inside": {"filters": {...}, "attention": [...]},
                                  "made": {"split": "test", "solved": {...}, "panels": [...], ...},
                                  "predicted": [...], "certainty": [...]}

What each key means is written in the documentation of the run folder.
"""

from nearfar.report.choosing import Choice
from nearfar.report.compare import Comparison, Entry, Reading, compare
from nearfar.report.compared import write_comparison
from nearfar.report.effects import effects
from nearfar.report.page import write_report
from nearfar.report.scores import LABEL_FREE, is_fraction, oriented, score_text, score_title
from nearfar.report.sweep import write_sweep
from nearfar.report.swept import Group, Sweep, read_sweep
from nearfar.report.trials import Trial, value_text

__all__ = [
    "LABEL_FREE",
    "Choice",
    "Comparison",
    "Entry",
    "Group",
    "Reading",
    "Sweep",
    "Trial",
    "compare",
    "effects",
    "is_fraction",
    "oriented",
    "read_sweep",
    "score_text",
    "score_title",
    "value_text",
    "write_comparison",
    "write_report",
    "write_sweep",
]
