"""Export: a trained encoder for other libraries, and in the hands of mteb."""

from pathlib import Path

from nearfar.api.loading import encoder_of
from nearfar.engine import Encoder, Run
from nearfar.engine.benchmarked import ForMteb
from nearfar.engine.exporting import Exported, check_format, export_encoder
from nearfar.engine.folder import folder_of

__all__ = ["as_mteb", "export"]


def export(run: str | Path | Run | Encoder, *, format: str, out: str | Path) -> Exported:
    """Writes the encoder of a run in the format of another library, which then gives the same vectors.

    Args:
        run: the run, its folder or its encoder.
        format: sentence-transformers or transformers for Transformers of texts, timm for its picture models, onnx for
            runtimes without Python, safetensors for the weights as nearfar has them.
        out: the folder to write, or the file for onnx.

    Returns:
        What was written, and the line of Python that loads it.

    Raises:
        ValueError: there is no such format.
        RunError: there is no encoder, the format has no form for it, its library is not installed, or the place is
            taken or cannot be written.
    """
    check_format(format)
    return export_encoder(encoder_of(run), format=format, out=Path(out))


def as_mteb(run: str | Path | Run | Encoder) -> ForMteb:
    """The encoder of a run on texts as mteb evaluates it: `mteb.evaluate(nearfar.as_mteb("runs/texts"), tasks)`.

    Args:
        run: the run, its folder or its encoder.

    Raises:
        RunError: there is no encoder, it reads no texts, or mteb is not installed.
    """
    encoder = encoder_of(run)
    name = encoder.spec.backbone if isinstance(run, Encoder) else folder_of(run, where="as_mteb").resolve().name
    return ForMteb(encoder, name=name)
