import numpy as np
import pytest

from nearfar.report.curves import MOST_POINTS, excerpt, health, panels, smoothed, standing


def log(losses, **bounds):
    return [{"step": step, "epoch": step / 10, "loss": loss, **bounds} for step, loss in enumerate(losses, 1)]


def test_smoothing_leaves_a_line_a_line_and_does_not_lag():
    line = np.linspace(5, 1, 400)
    middle = slice(10, -10)
    assert smoothed(line)[middle] == pytest.approx(line[middle])
    spike = np.zeros(401)
    spike[200] = 1
    assert smoothed(spike)[::-1] == pytest.approx(smoothed(spike))
    assert smoothed(spike).max() == pytest.approx(1 / 11)


def test_a_short_log_is_not_smoothed():
    values = np.array([3.0, 1.0, 2.0])
    assert smoothed(values).tolist() == values.tolist()


def test_no_spike_of_a_long_log_is_lost():
    losses = np.ones(50_000)
    losses[31_234], losses[777] = 9.0, 0.5
    panel = panels(log(losses.tolist()))[0]
    assert len(panel["raw"]) <= MOST_POINTS + 2
    assert (max(panel["raw"]), min(panel["raw"])) == (9.0, 0.5)
    assert panel["step"][panel["raw"].index(9.0)] == 31_235
    assert (panel["step"][0], panel["step"][-1]) == (1, 50_000)
    assert panel["step"] == sorted(set(panel["step"]))


def test_the_loss_comes_first_then_the_known_then_the_method_s_own():
    records = log([3.0, 2.0], chance=3.5, seconds=1.0, seconds_left=0.1)
    records[1] |= {"knn_accuracy": 0.8, "queue_age": 4.0, "learning_rate": 0.1}
    found = panels(records)
    assert [panel["key"] for panel in found] == ["loss", "knn_accuracy", "learning_rate", "queue_age"]
    assert found[0]["references"] == [{"name": "chance", "values": [3.5, 3.5]}]
    assert found[1]["step"] == [2]
    assert found[3]["title"] == "Queue age"


def test_health_stands_beside_its_collapsed_value():
    records = log([3.0, 2.0], effective_rank=40.0, projection_spread=0.8)
    found = {panel["key"]: panel for panel in panels(records)}
    assert found["effective_rank"]["references"] == [{"name": "collapsed", "values": [1, 1]}]
    assert found["projection_spread"]["references"] == [{"name": "collapsed", "values": [0, 0]}]
    assert found["projection_spread"]["format"] == "percent"


def test_the_guard_s_words_are_its_last():
    records = log([3.0, 2.0, 1.0])
    records[0] |= {"guard": "collapsing", "guard_says": "Collapsing: one."}
    assert health(records) == ("collapsing", "Collapsing: one.")
    records[1] |= {"guard": "fine", "guard_says": "Fine: all."}
    assert health(records) == ("fine", "Fine: all.")
    assert "guard" not in [panel["key"] for panel in panels(records)]


def test_what_is_too_early_to_say_is_not_said():
    assert health([]) is None
    assert health(log([3.0])) is None
    assert health(log([3.0], guard="early", guard_says="Too early to say.")) is None


def test_standing_names_the_way_from_chance_to_the_floor():
    text = standing(log([6.0, 5.0, 3.0], floor=2.0, chance=6.0))
    assert text.startswith("The loss fell from 6.00 to 3.00. Chance is 6.00 and perfect views would give 2.00:")
    assert "75\N{NO-BREAK SPACE}% of the way" in text


@pytest.mark.parametrize(
    ("losses", "bounds", "expected"),
    [
        ([6.0, 6.5], {"floor": 2.0, "chance": 6.2}, "rose from 6.00 to 6.50. Chance is 6.20: the loss is not below"),
        ([6.0, 5.0], {"chance": 6.2}, "fell from 6.00 to 5.00. Chance is 6.20."),
        ([-0.1, -0.9], {}, "fell from -0.10 to -0.90."),
        ([3.0, 1.9], {"floor": 2.0, "chance": 6.0}, "100\N{NO-BREAK SPACE}% of the way"),
    ],
)
def test_standing_in_other_cases(losses, bounds, expected):
    assert expected in standing(log(losses, **bounds))


def test_no_records_say_nothing():
    assert standing([]) == ""
    assert panels([]) == []


def test_the_excerpt_spans_the_log_and_leaves_out_empty_columns():
    columns, cells = excerpt(log(np.linspace(5, 1, 100).tolist()))
    assert columns == ["step", "epoch", "loss"]
    assert len(cells) == 12
    assert (cells[0][0], cells[-1][0]) == ("1", "100")
