"""Sentences as a source: what every source promises, and what running text knows besides."""

import hashlib
import pickle

import numpy as np
import pytest

from nearfar.data import Places, Sentences, duplicates, holdout
from nearfar.errors import DataError

TEXTS = ("It rains.", "It pours.", "The cat sleeps.", "It rains.", "A dog barks.")


def places(document: list[int], sentence: list[int]) -> Places:
    return Places(np.array(document), np.array(document), np.array(sentence))


def source(**more: object) -> Sentences:
    return Sentences({"text": TEXTS}, name="weather", **more)


def test_it_keeps_the_contract_of_a_source() -> None:
    made = source(labels=np.array([0, 0, 1, -1, 1]), class_names=("sky", "animal"))
    assert made.modality == "text"
    assert len(made) == 5
    assert made.ids == ("0", "1", "2", "3", "4")
    assert made.read(2) == "The cat sleeps."
    chosen = made.select(np.array([4, 2]))
    assert isinstance(chosen, Sentences)
    assert (chosen.ids, chosen.texts(), chosen.labels.tolist()) == (("4", "2"), (TEXTS[4], TEXTS[2]), [1, 1])
    assert made.select(np.array([False, True, False, False, True])).ids == ("1", "4")
    assert pickle.loads(pickle.dumps(made)).fingerprint == made.fingerprint
    larger, aside = holdout(made, fraction=0.4)
    assert sorted(larger.ids + aside.ids) == sorted(made.ids)


def test_hashes_are_of_the_texts_and_find_duplicates() -> None:
    made = source(labels=np.array([0, 0, 1, 1, 1]), class_names=("sky", "animal"))
    assert made.hashes[2] == hashlib.sha256(b"The cat sleeps.").digest()[:16].rstrip(b"\0")
    assert made.select(np.array([3, 1])).hashes.tolist() == made.hashes[[3, 1]].tolist()
    found = duplicates(made.hashes, ids=made.ids, labels=made.labels, class_names=made.class_names)
    assert (found.copies, found.contradictions) == (1, (("0", "3"),))


def test_the_fingerprint_sees_texts_labels_scores_and_order_and_no_names() -> None:
    labels = np.array([0, 0, 1, 1, 1])
    pair = {"anchor": TEXTS, "positive": TEXTS[::-1]}
    prints = [
        source(),
        source(labels=labels, class_names=("sky", "animal")),
        source(labels=labels, class_names=("air", "animal")),
        source().select(np.arange(5)[::-1]),
        Sentences(pair, name="pairs"),
        Sentences(pair, name="pairs", scores=np.arange(5.0)),
        Sentences({"anchor": TEXTS[::-1], "positive": TEXTS}, name="pairs"),
    ]
    assert len({each.fingerprint for each in prints}) == len(prints)
    other = Sentences({"text": TEXTS}, name="x", ids=list("abcde"), places=places([0] * 5, list(range(5))))
    assert other.fingerprint == source().fingerprint


def test_what_follows_a_sentence_is_in_its_document_and_was_not_left_out() -> None:
    made = source(places=places([0, 0, 0, 1, 1], [0, 1, 3, 4, 5]))
    assert made.following().tolist() == [1, -1, -1, 4, -1]
    assert made.select(np.array([1, 4, 0, 3])).following().tolist() == [-1, -1, 0, 1]
    with pytest.raises(DataError, match=r"^Sentences: data must be running text\. Got 'weather'\. "):
        source().following()


def test_pairs_have_texts_by_role() -> None:
    made = Sentences({"positive": TEXTS[1:3], "anchor": TEXTS[:2]}, name="pairs", scores=np.array([4.0, 0.5]))
    assert made.roles == ("anchor", "positive")
    assert made.read(1) == ("It pours.", "The cat sleeps.")
    assert made.texts() == made.texts("anchor") == TEXTS[:2]
    assert made.select(np.array([1])).scores.tolist() == [0.5]
    with pytest.raises(DataError, match=r"^Sentences: role must be one of anchor, positive\. Got 'negative'\. "):
        made.texts("negative")


@pytest.mark.parametrize(
    "texts", [{}, {"anchor": TEXTS}, {"text": TEXTS, "positive": TEXTS}, {"positive": TEXTS}, {"words": TEXTS}]
)
def test_roles_that_do_not_fit_are_refused(texts: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(DataError, match=r"^Sentences: texts must be 'text' alone, or 'anchor' and what"):
        Sentences(texts, name="x")


def test_texts_that_are_not_aligned_are_refused() -> None:
    with pytest.raises(DataError, match=r"^Sentences: texts must be row-aligned\. Got {'anchor': 5, 'positive': 4}\. "):
        Sentences({"anchor": TEXTS, "positive": TEXTS[1:]}, name="x")
