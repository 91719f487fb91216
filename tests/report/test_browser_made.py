"""What methods make of pictures, as a reader meets it: `pytest -m browser`."""

import pytest
from report.making import MADE, add_made

from nearfar.report import write_report

pytestmark = pytest.mark.browser


@pytest.fixture
def open_made(windows, folder):
    def opened(kind, width, scheme="light"):
        add_made(folder, kind)
        return windows(write_report(folder.path), width, scheme)

    return opened


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 390, 1280])
@pytest.mark.parametrize("kind", MADE)
def test_it_fits_and_every_picture_is_square_and_large_enough(open_made, kind, width, scheme):
    page = open_made(kind, width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = page.evaluate(
        """() => [...document.querySelectorAll("#made img")].filter(one => one.offsetParent).map(one => {
            const {left, right, width, height} = one.getBoundingClientRect();
            return [left, right, width, height];
        })"""
    )
    least = 56 if width == 1280 else 36
    assert len(boxes) > 10
    for left, right, wide, high in boxes:
        assert 0 <= left <= right <= width
        assert wide >= least
        assert abs(wide - high) <= 1


def test_on_a_phone_every_second_step_of_a_walk_is_left_out(open_made):
    shown = {}
    for width in (390, 1280):
        page = open_made("generated", width)
        shown[width] = page.evaluate(
            """() => [...document.querySelectorAll(".walk")].map(
                walk => [...walk.children].filter(one => one.offsetParent).map(one => one.alt || one.innerText))"""
        )
    head, *walks = shown[1280]
    assert head == ["picture", "rebuilt", "on the way", "rebuilt", "picture"]
    steps = [f"On the way, step {number}" for number in range(1, 8)]
    assert walks == [["Picture", "Rebuilt", *steps, "Rebuilt", "Picture"]] * 6
    assert shown[390] == [head, *[["Picture", "Rebuilt", *steps[1::2], "Rebuilt", "Picture"]] * 6]


def test_the_bar_is_as_long_as_what_was_solved(open_made):
    page = open_made("puzzle", 1280)
    whole, part, luck = (page.locator(f".share .{name}").bounding_box() for name in ("whole", "part", "luck"))
    assert part["width"] / whole["width"] == pytest.approx(0.8, abs=0.01)
    assert (luck["x"] + 1 - whole["x"]) / whole["width"] == pytest.approx(0.25, abs=0.01)


def test_what_is_hidden_is_hatched_and_not_filled(open_made):
    page = open_made("masked", 1280)
    ground = page.evaluate("getComputedStyle(document.querySelector('#made img')).backgroundImage")
    assert ground.startswith("repeating-linear-gradient")
