import numpy as np

from nearfar.records import EmbeddingTable
from nearfar.report.clusters import Cluster
from nearfar.report.extremes import Hard, hardest, typical
from nearfar.report.map import unit_rows

NAMES = ("cat", "dog")


def table(labels=(0, 0, 0, 1, 1, -1)):
    vectors = np.array([[9, 1], [1, 0], [1, 1], [0, 1], [-1, 1], [0, -1]], dtype=np.float32)
    return EmbeddingTable(vectors, tuple("abcdef"), None if labels is None else np.array(labels), NAMES)


def test_the_hardest_are_those_whose_own_class_is_least_likely():
    about = {"predicted": [0, 0, 1, 0, 1, -1], "certainty": [0.9, 0.8, 0.02, 0.3, 0.6, 0.0]}
    assert hardest(table(), about, most=3) == [
        Hard(2, "c", "cat", "dog", 0.02),
        Hard(3, "d", "dog", "cat", 0.3),
        Hard(4, "e", "dog", "dog", 0.6),
    ]


def test_nothing_is_hard_where_no_probe_was_asked_or_its_answers_are_of_another_sample():
    answers = {"predicted": [0, 0], "certainty": [0.1, 0.2]}
    assert hardest(table(), {}) == []
    assert hardest(table(), answers) == []
    assert hardest(table(None), {name: each * 3 for name, each in answers.items()}) == []


def test_the_typical_are_nearest_to_the_mean_direction_of_their_class():
    data = table()
    found = typical(data, unit_rows(data.vectors), [], each=2)
    assert [(group.class_name, sorted(group.rows)) for group in found] == [("cat", [0, 1]), ("dog", [3, 4])]
    units = unit_rows(data.vectors)[:3]
    middle = units.mean(axis=0)
    assert found[0].rows == tuple(np.argsort(-(units @ middle))[:2])


def test_without_classes_the_typical_are_the_middles_of_the_clusters():
    groups = [Cluster((4, 1), 2, "", None), Cluster((0,), 1, "", None)]
    for data in (table(None), table([-1] * 6)):
        assert [tuple(group) for group in typical(data, unit_rows(data.vectors), groups)] == [("", (4, 0))]
        assert typical(data, unit_rows(data.vectors), []) == []


def test_of_many_classes_twelve_are_shown_from_the_first_to_the_last():
    rng = np.random.default_rng(0)
    data = EmbeddingTable(rng.normal(size=(60, 3)).astype(np.float32), tuple(map(str, range(60))), np.arange(60) // 2)
    found = typical(data, unit_rows(data.vectors), [])
    assert len(found) == 12
    assert (found[0].class_name, found[-1].class_name) == ("class 0", "class 29")
