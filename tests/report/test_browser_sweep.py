"""The page of a sweep as a reader meets it: `pytest -m browser`, with Debian's chromium and the extra `browser`."""

import pytest
from report.test_sweep import two_settings

from nearfar.report import read_sweep, write_sweep

pytestmark = pytest.mark.browser


@pytest.fixture
def open_page(windows, tmp_path):
    """Opens the page in a window of a width and a colour scheme."""
    path = write_sweep(read_sweep(two_settings(tmp_path)))
    return lambda width=1280, scheme="light": windows(path, width, scheme)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 390, 1280])
def test_the_page_opens_quietly_and_fits(open_page, width, scheme):
    page = open_page(width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("svg .means").count() == 2
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    lightness = sum(int(part) for part in paper[4:-1].split(",")) / 3
    assert (lightness > 128) == (scheme == "light")


def column(page, number):
    return page.locator(f"#trials-table tbody tr > :nth-child({number})").all_inner_texts()


def test_trials_are_sorted_by_pointer_and_keyboard(open_page):
    page = open_page()
    heads = page.locator("#trials-table thead button")
    assert heads.all_inner_texts()[:5] == ["trial", "temperature", "batch size", "seed", "Linear classifier, %"]
    assert column(page, 2)[-1] == "0.5", "the ranking's order"
    heads.nth(1).click()
    assert column(page, 2)[0] == "0.1"
    heads.nth(1).click()
    assert column(page, 2)[0] == "0.5"
    heads.nth(1).click()
    assert column(page, 2) == ["0.1"] * 4 + ["0.2"] * 4 + ["0.5"] * 2
    heads.nth(4).focus()
    page.keyboard.press("Enter")
    scores = [float(text) for text in column(page, 5)]
    assert scores == sorted(scores, reverse=True)
    page.keyboard.press("Enter")
    assert [float(text) for text in column(page, 5)] == sorted(scores)
    sorted_by = page.locator("#trials-table th[aria-sort]")
    assert sorted_by.count() == 1
    assert sorted_by.get_attribute("aria-sort") == "ascending"
