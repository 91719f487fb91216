import pytest

from nearfar.report.facts import count, glance, method_name, setting, settings


@pytest.mark.parametrize(
    ("method", "paper", "expected"),
    [
        ("simclr", "SimCLR, Chen et al. 2020, arXiv 2002.05709", "SimCLR"),
        ("barlow_twins", "Barlow Twins, Zbontar et al. 2021", "Barlow Twins"),
        ("supervised", "He et al. 2016", "supervised"),
        ("mine", None, "mine"),
    ],
)
def test_a_method_is_written_as_its_paper_writes_it(method, paper, expected):
    assert method_name({"method": method, "paper": paper}) == expected


def test_the_run_at_a_glance(about):
    facts = {
        name: (value.replace("\N{NO-BREAK SPACE}", " "), detail)
        for name, value, detail in glance(about, {"step": 900, "seconds": 75.4})
    }
    assert facts["Steps"] == ("900", "of 1,000")
    assert facts["Training"] == ("1 min 15 s", "on cpu")
    assert facts["Started"] == ("1 Jan 2026", "12:00 UTC")
    assert facts["Backbone"] == ("small", "1.23\N{NO-BREAK SPACE}million parameters")


@pytest.mark.parametrize(("seconds", "expected"), [(0.2, "0 s"), (120, "2 min"), (7290, "2 h 1 min")])
def test_durations(seconds, expected):
    [(_, value, _)] = glance({}, {"seconds": seconds})
    assert value.replace("\N{NO-BREAK SPACE}", " ") == expected


@pytest.mark.parametrize(
    ("modality", "roles", "expected"),
    [
        ("image", None, "10,000 examples"),
        ("text", None, "10,000 sentences"),
        ("text", ["text"], "10,000 sentences"),
        ("text", ["anchor", "positive"], "10,000 pairs"),
        ("text", ["anchor", "positive", "negative"], "10,000 triplets"),
        ("image-text", None, "10,000 pairs"),
    ],
)
def test_what_a_run_learned_from_is_counted_by_its_name(about, modality, roles, expected):
    known = about | {"modality": modality, "data": about["data"] | {"roles": roles}}
    assert glance(known, {})[0] == ("Data", "fashion-mini", expected)


def test_nothing_known_is_nothing_said():
    assert glance({}, {}) == []


def test_settings_are_grouped_and_unknown_ones_left_out(about):
    groups = dict(settings(about))
    assert list(groups) == ["Method", "Training", "Data", "Backbone", "Versions"]
    assert ("temperature", "0.2") in groups["Method"]
    assert ("channels last", "yes") in groups["Training"]
    assert "commit" not in dict(groups["Versions"])


def test_values_are_written_for_people():
    assert [setting(value) for value in (True, 0.1 + 0.2, 256, "x", [1, 2.5])] == ["yes", "0.3", "256", "x", "1, 2.5"]
    assert setting([str(number) for number in range(1000)]).endswith("19 and 980 more")
    assert (count(999_999), count(1_234_567)) == ("999,999", "1.23\N{NO-BREAK SPACE}million")
