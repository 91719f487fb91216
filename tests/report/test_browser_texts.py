"""The pages of texts as a reader meets them: `pytest -m browser`."""

import pytest
from report.texts import texts

from nearfar.report import write_report

pytestmark = pytest.mark.browser


@pytest.fixture
def open_page(windows, request):
    """Opens the page of a run folder in a window of a width and a colour scheme."""

    def opened(kind, width=1280, scheme="light"):
        page = windows(write_report(request.getfixturevalue(kind).path), width, scheme)
        page.wait_for_selector("#reading:not([hidden])")
        return page

    return opened


@pytest.mark.parametrize("kind", ["text_folder", "captioned_folder"])
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (390, "dark"), (1280, "light")])
def test_long_words_and_other_scripts_fit(open_page, kind, width, scheme):
    page = open_page(kind, width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    outside = page.evaluate(
        """width => [...document.querySelectorAll(".words, .read dd, mark")].filter(each => {
            const box = each.getBoundingClientRect();
            return box.right > width || box.left < 0;
        }).length""",
        width,
    )
    assert outside == 0


def test_lines_are_cut_after_two_and_right_to_left_stands_right(open_page):
    page = open_page("text_folder")
    heights = page.evaluate(
        """() => [...document.querySelectorAll(".lines .words")].map(
            each => each.clientHeight / parseFloat(getComputedStyle(each).lineHeight))"""
    )
    assert heights
    assert max(heights) < 3
    hebrew = page.locator(".lines .words", has_text="\N{HEBREW LETTER HE}").first
    assert hebrew.evaluate("each => getComputedStyle(each).direction") == "rtl"


def test_pointing_at_the_map_shows_the_sentence_beside_the_dot_and_in_the_box(open_page):
    page = open_page("text_folder")
    page.locator("#plane").scroll_into_view_if_needed()
    box = page.locator("#plane").bounding_box()
    places = page.evaluate("(({x, y}) => [x, y])(JSON.parse(document.getElementById('data').textContent).map)")
    for row in (1, 2, 5, 6):
        x, y = (26 + place[row] / 1e4 * (box["width"] - 52) for place in places)
        page.mouse.move(box["x"] + x, box["y"] + y)
        assert page.text_content("#tip") == texts()[row]
        assert page.text_content("#reading > .words") == texts()[row]
        tip = page.locator("#tip").bounding_box()
        assert box["x"] <= tip["x"] <= tip["x"] + tip["width"] <= box["x"] + box["width"]
        assert box["y"] <= tip["y"] <= tip["y"] + tip["height"] <= box["y"] + box["height"]
        near = page.locator("#reading .near .words")
        assert near.count() == 6
        assert set(near.all_text_contents()) <= set(texts())


def test_the_map_of_texts_is_read_by_keyboard(open_page):
    page = open_page("text_folder", 390, "dark")
    page.focus("#plane")
    read = []
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
        read.append(page.text_content("#reading > .words"))
        assert page.text_content("#tip") == read[-1]
    assert len(set(read)) >= 3


def test_a_sentence_goes_with_its_class(open_page):
    page = open_page("text_folder")
    assert page.is_visible("#tip")
    buttons = page.locator("#legend button")
    for index in range(buttons.count()):
        buttons.nth(index).click()
    page.mouse.move(0, 0)
    assert page.is_hidden("#tip")


def test_pictures_with_captions_are_read_out_with_both(open_page):
    page = open_page("captioned_folder")
    assert page.text_content("#reading > .words") in texts()
    assert page.locator("#reading .near canvas").count() == 6
    assert page.locator("#tip").is_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_was_hidden_can_be_read(open_page, scheme):
    """Contrast of at least 4.5 to 1 between what stood there and the mark under it."""
    page = open_page("text_folder", 1280, scheme)
    ratio = page.evaluate(
        """() => {
            const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
            const light = rgb => rgb.reduce((sum, v, i) => sum + linear(v / 255) * [.2126, .7152, .0722][i], 0);
            const parse = colour => light(colour.match(/[\\d.]+/g).slice(0, 3).map(Number));
            const mark = document.querySelector("mark"), small = mark.querySelector("small");
            const pair = [parse(getComputedStyle(small).color), parse(getComputedStyle(mark).backgroundColor)];
            const [a, b] = pair.sort((x, y) => y - x);
            return (a + .05) / (b + .05);
        }"""
    )
    assert ratio >= 4.5
