from nearfar.report import LABEL_FREE
from nearfar.report.unlabelled import TOLD, unlabelled


def test_known_numbers_come_in_reading_order_with_words_and_others_keep_their_names():
    found = unlabelled({"odd_number": 3, "uniformity": -2.314, "effective_rank": 116.42, "note": "none"})
    assert [(reading.title, reading.value) for reading in found] == [
        ("Effective rank (RankMe)", "116"),
        ("Uniformity", "\N{MINUS SIGN}2.31"),
        ("Odd number", "3.00"),
    ]
    assert found[1].better == "lower"
    assert found[2].meaning == ""


def test_a_spread_is_in_percent_and_a_middling_number_has_one_digit():
    found = unlabelled({"embedding_spread": 0.587, "lidar": 61.24})
    assert [reading.value for reading in found] == ["59\N{NO-BREAK SPACE}%", "61.2"]


def test_every_number_says_what_it_tells_and_which_way_is_better():
    found = unlabelled(dict.fromkeys(TOLD, 1.0))
    assert all(reading.meaning.endswith(".") and reading.better for reading in found)
    assert set(TOLD) == set(LABEL_FREE)


def test_an_example_is_called_what_it_is():
    for modality, one, many in (("", "picture", "pictures"), ("text", "sentence", "sentences"), ("series",) * 3):
        [alignment, lidar] = unlabelled({"alignment": 0.1, "lidar": 20}, modality=modality)
        assert f"two views of a {one} lie" in alignment.meaning
        assert f"tell {many} apart" in lidar.meaning


def test_nothing_is_nothing():
    assert unlabelled(None) == unlabelled({}) == []
