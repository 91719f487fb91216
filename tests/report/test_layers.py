import pytest

from nearfar.report.layers import FEW_LABELS, layers


def reading(accuracy, margin=0.01):
    return {"accuracy": accuracy, "interval": [accuracy - margin, accuracy + margin]}


def stack(*accuracies, **more):
    return [{"name": f"block {n}", "dim": 2**n, "linear": reading(a), **more} for n, a in enumerate(accuracies)]


def test_points_go_from_left_to_right_and_better_ones_stand_higher():
    found = layers(stack(0.5, 0.7, 0.6))
    points = found.curves[0].points
    assert [point.x for point in points] == pytest.approx([100 / 6, 50, 500 / 6], abs=0.01)
    assert points[1].y < points[2].y < points[0].y
    assert all(point.reach[0] < point.y < point.reach[1] for point in points)
    assert [(name, dim) for name, dim, _ in found.names] == [("block 0", 1), ("block 1", 2), ("block 2", 4)]
    assert found.curves[0].line == " ".join(f"{point.x:.2f},{point.y:.2f}" for point in points)


def test_the_ticks_stand_where_their_values_would():
    found = layers(stack(0.5, 0.7))
    places = {label: at for at, label in found.ticks}
    assert found.curves[0].points[0].y == pytest.approx(places["50"])
    assert found.curves[0].points[1].y == pytest.approx(places["70"])
    assert (found.ticks[0][0], found.ticks[-1][0]) == (100, 0)


def test_the_best_layer_is_named_with_what_the_last_lacks():
    assert layers(stack(0.5, 0.7, 0.6)).sentence.replace("\N{NO-BREAK SPACE}", " ") == (
        "Linear classifier: best on block 1, 70.0 % right; on the last, block 2, 10.0 points less."
    )
    assert layers(stack(0.5, 0.7)).sentence.endswith("it is the last of 2.")
    whole = layers(stack(0.5, 0.7), whole={"linear": reading(0.75)}).sentence
    assert whole.endswith("On the whole representation it reads 75.0\N{NO-BREAK SPACE}%.")


def test_a_probe_that_was_not_asked_of_a_layer_leaves_a_gap():
    found = layers([*stack(0.5, 0.6), {"name": "out", "linear": reading(0.7), "knn": {"accuracy": 0.4}}])
    by_title = {curve.title: curve.points for curve in found.curves}
    assert by_title["Nearest neighbours"][:2] == (None, None)
    assert by_title["Nearest neighbours"][2].interval is None
    assert found.names[2][1] is None


def test_of_many_names_some_are_shown_on_a_phone():
    assert layers(stack(0.5, 0.6)).spacing == 1
    found = layers(stack(*(0.5 + place / 100 for place in range(13))))
    assert -(-13 // found.spacing) <= FEW_LABELS


@pytest.mark.parametrize("found", [None, [], [{"name": "stem", "dim": 3}]])
def test_nothing_is_nothing(found):
    assert layers(found) is None
