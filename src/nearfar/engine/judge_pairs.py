"""Probes on what belongs together: pairs of texts, pictures and captions, pictures and the names of their classes."""

import importlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from nearfar.data.captioned import Captioned
from nearfar.data.sentences import Sentences
from nearfar.data.source import Source
from nearfar.engine.encoder import Encoder
from nearfar.engine.text_spec import tf_idf
from nearfar.errors import RunError, complaint
from nearfar.probes import (
    BothWays,
    Correlation,
    Score,
    caption_chance,
    caption_retrieval,
    passage_ranking,
    passage_retrieval,
    sts,
    zero_shot,
)
from nearfar.records import EmbeddingTable

__all__ = ["ASKED", "PROMPTS", "Asked", "ask", "bm25", "check_prompts", "search_of", "unfitted"]

ASKED = ("sts", "passages", "zeroshot")
"""Those that ask what belongs together, of pairs of texts and of pictures and names of classes; of pictures with
captions "retrieval" does too."""

PROMPTS = ("a picture of a {}",)
"""What a class is described by where nobody says."""

Embed = Callable[[Source], EmbeddingTable]


def unfitted(probes: Sequence[str], source: Source) -> tuple[str, ...]:
    """Those probes that ask what belongs together in some examples, for which nothing is fitted.

    Args:
        probes: their names.
        source: the examples.
    """
    known = (*ASKED, "retrieval") if isinstance(source, Captioned) else ASKED
    return tuple(name for name in probes if name in known)


class Asked(NamedTuple):
    """Questions, the passages they are asked of, and which of them are right.

    Attributes:
        rows: of each question, the first row of the source that asks it.
        questions: distinct texts.
        passages: distinct texts.
        answers: for each question the places of its passages.
    """

    rows: tuple[int, ...]
    questions: tuple[str, ...]
    passages: tuple[str, ...]
    answers: tuple[tuple[int, ...], ...]


def search_of(source: Sentences) -> Asked:
    """Anchors as questions and all positives as passages; each text once, however often it comes.

    Args:
        source: pairs, or triplets, whose negatives are not read.
    """
    anchors, positives = source.texts("anchor"), source.texts("positive")
    place = {text: number for number, text in enumerate(dict.fromkeys(positives))}
    found: dict[str, dict[int, None]] = {}
    first: dict[str, int] = {}
    for row, (anchor, positive) in enumerate(zip(anchors, positives, strict=True)):
        first.setdefault(anchor, row)
        found.setdefault(anchor, {})[place[positive]] = None
    return Asked(tuple(first.values()), tuple(first), tuple(place), tuple(tuple(each) for each in found.values()))


def ask(
    encoder: Encoder,
    source: Source,
    table: EmbeddingTable,
    *,
    probes: Sequence[str],
    baselines: bool = True,
    prompts: Sequence[str] = PROMPTS,
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Asks an encoder what belongs together, and beside it what it has to beat; nothing is fitted.

    Pairs of texts are asked of TF-IDF, whose words are counted in these texts, and passages of BM25 too; of pictures
    with captions and of names of classes there is the chance of a random guess. The untrained network is asked all.

    Args:
        encoder: what is judged.
        source: pairs of texts, pictures with captions, or labelled pictures.
        table: the encoder's embeddings of it: of the anchors, or of the pictures.
        probes: of sts and passages for texts, retrieval and zeroshot for pictures.
        baselines: whether to ask them.
        prompts: templates with {} for the name of a class.

    Returns:
        The encoder's scores and the baselines', by probe.

    Raises:
        RunError: BM25 is asked and not installed.
    """
    if not probes:
        return {}, {}
    asks = _texts if isinstance(source, Sentences) else _pictures
    ranked = _bm25_ranked(source) if baselines and "passages" in probes else {}
    scores = asks(encoder.embed, source, table, probes, prompts)
    if not baselines:
        return scores, {}
    others: dict[str, dict[str, Any]] = {}
    if isinstance(source, Sentences):
        counted = _of(source.texts("anchor") + source.texts("positive"))
        others["raw"] = asks(lambda texts: tf_idf(counted, texts), source, None, probes, prompts)
        others |= {"bm25": ranked} if ranked else {}
    else:
        others["chance"] = _chance(source, probes)
    others["untrained"] = asks(encoder.untrained().embed, source, None, probes, prompts)
    return scores, others


def _texts(
    embed: Embed, source: Any, table: EmbeddingTable | None, probes: Sequence[str], prompts: Sequence[str]
) -> dict[str, Correlation | Score]:
    anchors = (embed(_of(source.texts("anchor"))) if table is None else table).vectors
    found: dict[str, Correlation | Score] = {}
    if "sts" in probes:
        found["sts"] = sts(anchors, embed(_of(source.texts("positive"))).vectors, source.scores)
    if "passages" in probes:
        asked = search_of(source)
        passages = embed(_of(asked.passages)).vectors
        found["passages"] = passage_retrieval(anchors[list(asked.rows)], passages, asked.answers)
    return found


def _pictures(
    embed: Embed, source: Any, table: EmbeddingTable | None, probes: Sequence[str], prompts: Sequence[str]
) -> dict[str, BothWays | Score]:
    pictures = (embed(source) if table is None else table).vectors
    found: dict[str, BothWays | Score] = {}
    if "retrieval" in probes:
        found["retrieval"] = caption_retrieval(pictures, embed(source.captions).vectors, **_names(source))
    if "zeroshot" in probes:
        words = [[prompt.replace("{}", _spoken(name)) for prompt in prompts] for name in source.class_names]
        described = embed(_of([text for each in words for text in each])).vectors
        found["zeroshot"] = zero_shot(pictures, source.labels, described.reshape(len(words), len(prompts), -1))
    return found


def _chance(source: Any, probes: Sequence[str]) -> dict[str, BothWays | Score]:
    found: dict[str, BothWays | Score] = {}
    if "retrieval" in probes:
        found["retrieval"] = caption_chance(**_names(source))
    if "zeroshot" in probes:
        part = 1 / len(source.class_names)
        found["zeroshot"] = Score(part, (part, part), {"classes": len(source.class_names)})
    return found


def _names(source: Captioned) -> dict[str, list[Any]]:
    return {"same_picture": source.pictures.hashes.tolist(), "same_caption": list(source.captions.texts())}


def _of(texts: Sequence[str]) -> Sentences:
    return Sentences({"text": texts}, name="texts")


def _spoken(name: str) -> str:
    """The name of a class as people would say it."""
    return name.replace("_", " ").strip()


def check_prompts(prompts: Sequence[str], *, where: str = "evaluate") -> None:
    """Refuses templates that have no place for the name of a class.

    Args:
        prompts: the templates.
        where: who asks, for the sentence.

    Raises:
        ValueError: there is none, or one does not have {} once.
    """
    wrong = [prompt for prompt in prompts if prompt.count("{}") != 1]
    if wrong or not prompts:
        constraint, got = "texts with {} once, for the name of the class", wrong[0] if wrong else list(prompts)
        raise ValueError(complaint(where, "prompts", constraint, got, f"Try '{PROMPTS[0]}'"))


def _bm25_ranked(source: Any) -> dict[str, Score]:
    asked = search_of(source)
    return {"passages": passage_ranking(bm25(asked.questions, asked.passages), asked.answers)}


def bm25(questions: Sequence[str], passages: Sequence[str]) -> Float[np.ndarray, "m p"]:
    """How well the words of each passage fit those of each question: what search had before embeddings.

    English stop words count as the others do, and words are not stemmed, so that it is the same in every language.

    Args:
        questions: texts.
        passages: texts, in which words are counted.

    Raises:
        RunError: the library is not installed.

    Source: BM25 as in Lucene, k1 = 1.5 and b = 0.75, by the library bm25s (Lu 2024, arXiv 2407.03618).
    """
    try:
        library: Any = importlib.import_module("bm25s")
    except ImportError:
        next_step = "Type pip install 'nearfar[text]', or leave baselines out"
        raise RunError(complaint("evaluate", "bm25s", "installed", "no such package", next_step)) from None
    told = {"stopwords": None, "show_progress": False, "return_ids": False}
    words_of_passages = library.tokenize(list(passages), **told)
    if not any(words_of_passages):
        return np.zeros((len(questions), len(passages)), dtype=np.float32)
    index = library.BM25(method="lucene", k1=1.5, b=0.75)
    index.index(words_of_passages, show_progress=False)
    return np.stack([_scores(index, words, len(passages)) for words in library.tokenize(list(questions), **told)])


def _scores(index: Any, words: Sequence[str], passages: int) -> Float[np.ndarray, "p"]:
    known = [word for word in words if word in index.vocab_dict]
    return index.get_scores(known) if known else np.zeros(passages, dtype=np.float32)
