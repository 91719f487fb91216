"""Pictures and captions that find each other, against loops over sorted similarities."""

from itertools import combinations

import numpy as np
import pytest

from nearfar.probes import caption_chance, caption_retrieval, wilson_interval

PICTURES = [0, 1, 2, 3, 4, 4, 6, 7, 8, 9, 10, 11]
CAPTIONS = ["a", "b", "b", "d", "e", "f", "g", "h", "i", "j", "k", "b"]


def pairs(noise: float, n: int = 12, d: int = 6) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    pictures = random.normal(size=(n, d))
    return pictures, 3 * pictures + noise * random.normal(size=(n, d))


def first_ranks(queries: np.ndarray, gallery: np.ndarray) -> list[int]:
    """Of each query the place of the first that shares its picture or its caption."""
    found = []
    for row, query in enumerate(queries):
        cosines = [float(query @ other / np.linalg.norm(query) / np.linalg.norm(other)) for other in gallery]
        order = sorted(range(len(gallery)), key=lambda place: -cosines[place])
        right = [PICTURES[place] == PICTURES[row] or CAPTIONS[place] == CAPTIONS[row] for place in order]
        found.append(right.index(True) + 1)
    return found


def test_it_is_what_sorting_by_hand_says() -> None:
    pictures, captions = pairs(6.0)
    found = caption_retrieval(pictures, captions, same_picture=PICTURES, same_caption=CAPTIONS)
    for score, given in ((found.image_to_text, (pictures, captions)), (found.text_to_image, (captions, pictures))):
        ranks = first_ranks(*given)
        assert 1 < np.median(ranks) < 12
        for k in (1, 5, 10):
            assert score.more[f"recall@{k}"] == pytest.approx(np.mean([rank <= k for rank in ranks]))
        assert score.more["median_rank"] == np.median(ranks)
        assert score.interval == wilson_interval(score.accuracy, 12)
    assert found.as_dict()["image_to_text"]["recall@1"] == found.image_to_text.accuracy


def test_twins_count_and_strangers_do_not() -> None:
    rows = np.eye(4)
    swapped = rows[[1, 0, 2, 3]]
    apart = caption_retrieval(rows, swapped, same_picture=range(4), same_caption="abcd")
    alike = caption_retrieval(rows, swapped, same_picture=range(4), same_caption="aacd")
    one_picture = caption_retrieval(rows, swapped, same_picture=[0, 0, 2, 3], same_caption="abcd")
    assert [each.image_to_text.accuracy for each in (apart, alike, one_picture)] == [0.5, 1.0, 1.0]


def test_landmarks() -> None:
    sure = caption_retrieval(*pairs(0.0), same_picture=range(12), same_caption=range(12))
    assert (sure.image_to_text.accuracy, sure.text_to_image.more["median_rank"]) == (1.0, 1.0)
    random = np.random.default_rng(1)
    noise = caption_retrieval(*random.normal(size=(2, 2000, 16)), same_picture=range(2000), same_caption=range(2000))
    chance = caption_chance(range(2000), range(2000)).image_to_text
    assert [chance.more[f"recall@{k}"] for k in (1, 5, 10)] == pytest.approx([k / 2000 for k in (1, 5, 10)])
    assert chance.more["median_rank"] == 1000
    assert noise.image_to_text.more["recall@10"] == pytest.approx(chance.more["recall@10"], abs=0.006)
    assert noise.text_to_image.more["median_rank"] == pytest.approx(1000, rel=0.1)


def test_chance_with_twins_is_what_counting_all_draws_gives() -> None:
    chance = caption_chance(PICTURES, CAPTIONS).text_to_image
    for k in (1, 5):
        right = 0.0
        for picture, caption in zip(PICTURES, CAPTIONS, strict=True):
            own = {row for row in range(12) if PICTURES[row] == picture or CAPTIONS[row] == caption}
            draws = [not own.isdisjoint(draw) for draw in combinations(range(12), k)]
            right += sum(draws) / len(draws) / 12
        assert chance.more[f"recall@{k}"] == pytest.approx(right)
    assert caption_chance("ab", "ab").image_to_text.more["recall@5"] == 1.0


def test_wrong_calls() -> None:
    rows = np.eye(3)
    with pytest.raises(ValueError, match=r"caption_retrieval: pictures and captions must be of one shape"):
        caption_retrieval(rows, rows[:2], same_picture=range(3), same_caption=range(3))
    with pytest.raises(ValueError, match=r"same_picture and same_caption must be one for each pair\. Got \(3, 2\)"):
        caption_retrieval(rows, rows, same_picture=range(3), same_caption=range(2))
    with pytest.raises(ValueError, match="must be finite"):
        caption_retrieval(rows, np.full((3, 3), np.nan), same_picture=range(3), same_caption=range(3))
