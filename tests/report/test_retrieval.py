import numpy as np
import pytest

from nearfar.errors import DataError
from nearfar.records import EmbeddingTable
from nearfar.report.retrieval import retrieval


def table(vectors):
    return EmbeddingTable(np.asarray(vectors, np.float32), tuple(map(str, range(len(vectors)))))


def ranks(queries, wanted):
    """By slow loops: how many are at least as near as the own one."""
    found = []
    for row, query in enumerate(queries):
        cosines = [query @ other / np.linalg.norm(query) / np.linalg.norm(other) for other in wanted]
        found.append(sum(cosine >= cosines[row] - 1e-9 for cosine in cosines))
    return np.array(found)


def test_recall_agrees_with_slow_loops():
    random = np.random.default_rng(0)
    pictures = random.normal(size=(40, 6))
    captions = pictures + random.normal(size=(40, 6))
    found = retrieval(table(pictures), table(captions))
    to_pictures, to_captions = ranks(captions, pictures), ranks(pictures, captions)
    assert not np.array_equal(to_pictures, to_captions)
    assert found.to_pictures == pytest.approx([(to_pictures <= most).mean() for most in (1, 5)])
    assert found.to_captions == pytest.approx([(to_captions <= most).mean() for most in (1, 5)])
    assert found.chance == (1 / 40, 5 / 40)
    for searches, expected in ((found.pictures, to_pictures), (found.captions, to_captions)):
        assert len(searches) == 4
        for search in searches:
            assert search.rank == expected[search.row]
            assert [hit.is_own for hit in search.hits] == [place + 1 == search.rank for place in range(5)]
            similarities = [hit.similarity for hit in search.hits]
            assert similarities == sorted(similarities, reverse=True)
    assert not {search.row for search in found.pictures} & {search.row for search in found.captions}


def test_landmarks():
    same = np.random.default_rng(0).normal(size=(12, 8))
    assert retrieval(table(same), table(same)).to_pictures == (1.0, 1.0)
    one = np.ones((12, 8))
    assert retrieval(table(one), table(one)).to_captions == (0.0, 0.0)


def test_captions_of_another_sample_are_refused():
    with pytest.raises(DataError, match=r"sample-text\.parquet must be of shape \(6, 4\)"):
        retrieval(table(np.ones((6, 4))), table(np.ones((5, 4))))
