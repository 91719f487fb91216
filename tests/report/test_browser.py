"""The page as a reader meets it: `pytest -m browser`, with Debian's chromium and the extra `browser`."""

import re

import pytest

from nearfar.report import write_report

pytestmark = pytest.mark.browser

CLASSES = ("T-shirt", "<b>bag</b>", "</script><script>alert(1)</script>", "shoe & \"sock\" 'x'")


@pytest.fixture
def open_page(windows, folder):
    """Opens the run's page in a window of a width and a colour scheme."""
    path = write_report(folder.path)

    def opened(width=1280, scheme="light"):
        page = windows(path, width, scheme)
        page.wait_for_selector("#reading:not([hidden])")
        return page

    return opened


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 390, 1280])
def test_the_page_opens_quietly_and_fits(open_page, width, scheme):
    page = open_page(width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".curve svg path.smooth").count() == 7
    assert page.locator(".curve svg path.collapsed").count() == 3
    assert page.locator(".curve svg rect.band").count() == 3 * 4 * 2
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    lightness = sum(int(part) for part in paper[4:-1].split(",")) / 3
    assert (lightness > 128) == (scheme == "light")


def _pixels(page, selector):
    """How many different colours a canvas shows."""
    return page.evaluate(
        """selector => {
            const seen = document.querySelector(selector), {width, height} = seen;
            const context = new OffscreenCanvas(width, height).getContext("2d");
            context.drawImage(seen, 0, 0);
            return new Set(new Uint32Array(context.getImageData(0, 0, width, height).data.buffer)).size;
        }""",
        selector,
    )


def test_pointing_at_the_map_reads_out_an_example_with_its_picture(open_page):
    page = open_page()
    page.locator("#plane").scroll_into_view_if_needed()
    box = page.locator("#plane").bounding_box()
    places = page.evaluate("(({x, y}) => [x, y])(JSON.parse(document.getElementById('data').textContent).map)")
    for row in (7, 20):
        x, y = (26 + place[row] / 1e4 * (box["width"] - 52) for place in places)
        page.mouse.move(box["x"] + x, box["y"] + y)
        assert page.inner_text("#reading .id") == f"test/<i>{row}</i> & co.png"
        assert page.inner_text("#reading .name") == CLASSES[row % 4]
        assert _pixels(page, "#reading .portrait") > 20
        assert page.locator("#reading .near canvas").count() == 6


def test_the_map_is_read_by_keyboard(open_page):
    page = open_page(390)
    page.focus("#plane")
    read = []
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
        read.append(page.inner_text("#reading .id"))
    assert len(set(read)) >= 3


def test_the_legend_hides_and_shows_classes_and_their_names_stay_text(open_page):
    page = open_page()
    buttons = page.locator("#legend button")
    assert buttons.count() == 4
    assert "<b>bag</b>" in buttons.nth(1).inner_text()
    for index in range(4):
        buttons.nth(index).click()
    assert buttons.nth(0).get_attribute("aria-pressed") == "false"
    page.mouse.move(0, 0)
    assert _pixels(page, "#plane") == 1
    buttons.nth(0).click()
    page.mouse.move(0, 0)
    assert _pixels(page, "#plane") > 1


def test_pictures_take_the_place_of_dots(open_page):
    page = open_page()
    dots = _pixels(page, "#plane")
    page.click("#pictures")
    assert page.get_attribute("#pictures", "aria-pressed") == "true"
    assert _pixels(page, "#plane") > 2 * dots


def test_curves_are_read_together_by_pointer_and_keyboard(open_page):
    page = open_page()
    outputs = page.locator(".curve output")
    page.locator(".curve svg").first.hover()
    assert "at step" in outputs.nth(1).inner_text()
    page.mouse.move(0, 0)
    last = outputs.nth(0).inner_text()
    page.locator(".curve").first.focus()
    page.keyboard.press("Home")
    assert "at step 10," in outputs.nth(0).inner_text() != last


def test_the_contents_stay_in_view_and_mark_what_is_read(open_page):
    page = open_page(390)
    page.locator(".contents a", has_text="Confusion").click()
    page.locator(".contents a[aria-current]", has_text="Confusion").wait_for(timeout=5000)
    nav, title = (page.locator(selector).bounding_box() for selector in (".contents", "#confusion-title"))
    assert nav["y"] == 0
    assert nav["y"] + nav["height"] <= title["y"] < 300
    link = page.locator(".contents a[aria-current]").bounding_box()
    assert 0 <= link["x"] <= link["x"] + link["width"] <= 390


def test_curves_of_training_and_health_are_read_at_one_step(open_page):
    page = open_page()
    page.locator("#curves .curve").first.focus()
    page.keyboard.press("Home")
    assert "at step 100" in page.locator("#health-curves output").first.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_numbers_on_heat_can_be_read(open_page, scheme):
    """Contrast of at least 4.5 to 1 between a cell's number and the colour under it."""
    page = open_page(1280, scheme)
    ratio = page.evaluate(
        """() => {
            const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
            const light = rgb => rgb.reduce((sum, v, i) => sum + linear(v / 255) * [.2126, .7152, .0722][i], 0);
            const parse = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
            const paper = parse(getComputedStyle(document.body).backgroundColor);
            const ratios = [...document.querySelectorAll(".heat td[style]")].map(cell => {
                const under = getComputedStyle(cell, "::before"), cover = Number(under.opacity);
                const tint = parse(under.backgroundColor);
                const ground = paper.map((v, i) => (1 - cover) * v + cover * tint[i]);
                const [a, b] = [light(parse(getComputedStyle(cell).color)), light(ground)].sort((x, y) => y - x);
                return (a + .05) / (b + .05);
            });
            return Math.min(...ratios);
        }"""
    )
    assert ratio >= 4.5


def test_the_command_is_copied(open_page):
    page = open_page()
    page.click("#copy")
    page.locator("#copy", has_text=re.compile("Copied|Selected")).wait_for(timeout=2000)
