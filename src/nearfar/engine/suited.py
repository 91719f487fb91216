"""Which probes suit which examples."""

from collections.abc import Sequence

from nearfar.data.captioned import Captioned
from nearfar.data.sentences import Sentences
from nearfar.data.series import Series
from nearfar.data.source import Source
from nearfar.engine.encoder import Encoder
from nearfar.engine.judge import PROBES, TRAINED, UNSEEN, USUAL
from nearfar.engine.judge_pairs import ASKED
from nearfar.errors import DataError, complaint

__all__ = ["check_suited", "usual_probes"]


def usual_probes(source: Source, *, unseen: bool = False) -> tuple[str, ...]:
    """The probes that judge by some examples where none are named.

    Args:
        source: the examples.
        unseen: whether nothing may be fitted on the classes that are judged by.
    """
    if unseen:
        return tuple(UNSEEN)
    if isinstance(source, Captioned):
        return ("retrieval", "zeroshot") if source.labels is not None else ("retrieval",)
    if isinstance(source, Sentences) and len(source.roles) > 1:
        return ("passages",) if source.scores is None else ("sts",)
    return USUAL


def check_suited(
    probes: Sequence[str], source: Source, encoder: Encoder, *, where: str = "evaluate", unseen: bool = False
) -> None:
    """Refuses probes that some examples have no answer to.

    Args:
        probes: their names, all known.
        source: the examples.
        encoder: what is judged.
        where: who asks, for the sentence.
        unseen: whether nothing may be fitted on the classes that are judged by.

    Raises:
        DataError: the examples are none that such a probe judges by, or the encoder reads no texts.
    """
    suited, kind = _suited(source, encoder)
    for name in probes:
        if name not in suited and not (unseen and name in UNSEEN):
            constraint = f"of {', '.join(suited)} for {kind}"
            raise DataError(complaint(where, "probes", constraint, name, _way_out(name, source)))


def _suited(source: Source, encoder: Encoder) -> tuple[tuple[str, ...], str]:
    """The probes that examples have an answer to, and what such examples are called."""
    trained = TRAINED if encoder.spec.reads == (source.modality,) else ()
    labelled = () if source.labels is None else (*PROBES, *trained)
    told = "with" if labelled else "without"
    if isinstance(source, Captioned):
        named = ("zeroshot", *labelled) if labelled else ()
        return tuple(dict.fromkeys(("retrieval", *named))), f"pictures with captions and {told} labels"
    if isinstance(source, Series):
        return (*PROBES, *trained), "series"
    if not isinstance(source, Sentences):
        named = ("zeroshot",) if "text" in encoder.spec.reads else ()
        reads = "pictures and an encoder that reads texts" if named else "pictures and an encoder of pictures alone"
        return (*PROBES, *trained, *named), reads
    if len(source.roles) == 1:
        return (*PROBES, *trained), "single texts"
    probe, scores = ("passages", "without") if source.scores is None else ("sts", "with")
    return (probe, *labelled), f"pairs of texts {scores} scores and {told} labels"


def _way_out(probe: str, source: Source) -> str:
    """What to do where a probe does not suit some examples."""
    if probe == "zeroshot" and not isinstance(source, Sentences):
        return (
            "Name the labels by --label-column"
            if isinstance(source, Captioned)
            else "Take a run of clip, align or siglip"
        )
    if probe == "sts" and isinstance(source, Sentences):
        return "Name the column of scores by --score-column"
    if probe == "passages" and isinstance(source, Sentences) and len(source.roles) == 1:
        return "Name the columns of questions and passages by --anchor-column and --positive-column"
    return "Leave it out" if probe in (*ASKED, *TRAINED) else "Name the labels by --label-column"
