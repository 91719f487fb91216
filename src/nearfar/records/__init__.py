"""What a run leaves on disk: its folder, its files' schemas, and the table of embeddings. No torch.

    runs/NAME/
        run.json             method, data, arguments, seed, versions, commit; written before step 0
        metrics.jsonl        one record a line: see `MetricsLog`
        last.ckpt            the training state; replaced atomically, loads without executing code
        encoder.safetensors  the weights of the backbone: the product
        encoder.json         how to rebuild and feed the backbone: usable without the rest of the run
        classifier.safetensors  what turns the representation into classes, with their names; of a fine-tuned run
        language.safetensors  what turns states into scores of the next token; of a run of nexttoken
        neighbours.parquet   embeddings of training examples, of which a prediction names the nearest; likewise
        scores.json          what probes said of the encoder, and of the baselines
        skipped.csv          file, reason: what of the data could not be used
        seen.npz             a hash of each training picture: whether an encoder is judged by any of them
        gallery/             pictures and a sample of embeddings that the report shows
        report.html          one self-contained page
        log.txt              the lines the terminal showed

A sweep leaves a folder of run folders, see `SweepFolder`.

Every file but the pictures carries the version of its schema.
"""

from nearfar.records.files import SCHEMA, atomic_write, read_json, write_json
from nearfar.records.folder import RunFolder
from nearfar.records.lance import is_lance, open_lance, require_lancedb, write_lance
from nearfar.records.metrics import MetricsLog
from nearfar.records.sweep import SweepFolder
from nearfar.records.table import EmbeddingTable

__all__ = [
    "SCHEMA",
    "EmbeddingTable",
    "MetricsLog",
    "RunFolder",
    "SweepFolder",
    "atomic_write",
    "is_lance",
    "open_lance",
    "read_json",
    "require_lancedb",
    "write_json",
    "write_lance",
]
