import pytest

from nearfar.report.health import Stretch, course, stretches


def log(*states, every=10):
    """A record each step, and the guard's word each tenth."""
    records = [{"step": step, "loss": 1.0} for step in range(1, every * len(states) + 1)]
    for place, state in enumerate(states):
        records[every * place] |= {"guard": state, "guard_says": f"{state} at {every * place + 1}"}
    return records


def test_each_change_of_the_guard_s_word_begins_a_stretch():
    assert stretches(log("early", "early", "fine", "collapsing", "collapsing", "fine")) == [
        Stretch("early", 1, 21, "early at 1"),
        Stretch("fine", 21, 31, "fine at 21"),
        Stretch("collapsing", 31, 51, "collapsing at 31"),
        Stretch("fine", 51, 60, "fine at 51"),
    ]


def test_a_run_that_no_guard_looked_at_has_no_stretch():
    assert stretches([]) == []
    assert stretches([{"step": 1, "loss": 2.0}]) == []
    assert stretches(log("early")[:1]) == [Stretch("early", 1, 1, "early at 1")]


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], ""),
        (["early", "early"], ""),
        (["early", "fine", "fine"], "The guard found the run fine from step 11 on."),
        (
            ["early", "stuck", "fine"],
            "The guard found trouble: stuck from step 11 to 21; it recovered.",
        ),
        (
            ["fine", "collapsing", "collapsed"],
            "The guard found trouble: collapsing from step 11 to 21, collapsed from step 21 to 30; it ended so.",
        ),
    ],
)
def test_the_course_in_words(states, expected):
    assert course(stretches(log(*states))) == expected
