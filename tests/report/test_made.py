"""The page's part for methods that rebuild, make and puzzle: what it shows, says and leaves out."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from report.making import MADE, add_made, solving

from nearfar.records import write_json
from nearfar.report import write_report
from nearfar.report.gallery import SMALL_SIDE
from nearfar.report.made import read_made


def opened(picture):
    return Image.open(io.BytesIO(base64.b64decode(picture.url.partition(",")[2])))


def section(page):
    return page.source.split('<section id="made"')[1].split("</section>")[0]


def about(folder):
    return json.loads((folder.gallery / "gallery.json").read_text())


def test_pages_of_other_runs_have_no_such_part(folder, read_page):
    page = read_page(write_report(folder.path))
    assert not page.all("section", id="made")
    assert not page.all("a", href="#made")


@pytest.mark.parametrize(("kind", "title", "short"), [
    ("generated", "What it makes of pictures", "Made"),
    ("masked", "What it makes of pictures", "Made"),
    ("puzzle", "Does it solve its puzzles?", "Puzzles"),
])  # fmt: skip
def test_the_part_has_its_place_behind_the_views(folder, read_page, kind, title, short):
    add_made(folder, kind)
    page = read_page(write_report(folder.path))
    ids = [found["id"] for found in page.all("section")]
    assert ids.index("made") == ids.index("views") + 1
    assert title in page.texts["h2"]
    assert short in page.texts["a"]
    assert {link["href"] for link in page.all("a")} == {f"#{name}" for name in ids}
    assert all("alt" in image for image in page.all("img"))


def test_all_pictures_are_on_the_page_in_their_rows(folder, read_page):
    add_made(folder, "generated")
    part = section(read_page(write_report(folder.path)))
    assert re.findall(r"<h3>(.*?)</h3>", part) == ["Rebuilt", "Made up", "On the way from one to another"]
    assert part.count("<table>") == 2
    assert [part.count(f'alt="{name}"') for name in ("Original", "Rebuilt")] == [12, 12 + 2 * 6]
    assert part.count('alt="Made up, number') == 48
    assert part.count('alt="Picture"') == 2 * 6
    assert part.count('alt="On the way, step') == 7 * 6
    assert "straight line in the latent" in part
    assert "the run's seed, 3" in part
    assert "&lt;b&gt;note&lt;/b&gt;" in part


def test_small_pictures_are_shown_to_the_last_pixel_and_what_is_hidden_is_not_there(folder):
    add_made(folder, "masked")
    made = read_made(folder.gallery, about(folder))
    seen, rebuilt, original = made.sheets[0].rows
    with Image.open(folder.gallery / "made" / "0_2.png") as strip:
        whole = np.asarray(strip)
    for place in range(12):
        pixels = np.asarray(opened(original.pictures[place]).convert("L"))
        np.testing.assert_array_equal(pixels, whole[:, place * 28 : place * 28 + 28])
        hidden = np.asarray(opened(seen.pictures[place]).convert("RGBA"))[..., 3]
        assert set(np.unique(hidden)) == {0, 255}
        np.testing.assert_array_equal(np.asarray(opened(seen.pictures[place]).convert("L"))[hidden > 0],
                                      pixels[hidden > 0])  # fmt: skip
    assert "A" not in opened(rebuilt.pictures[0]).getbands()


def test_large_pictures_are_made_small(folder):
    add_made(folder, "masked", side=SMALL_SIDE * 4)
    made = read_made(folder.gallery, about(folder))
    assert {picture.width for row in made.sheets[0].rows for picture in row.pictures} == {192}
    assert "A" in opened(made.sheets[0].rows[0].pictures[0]).getbands()


@pytest.mark.parametrize(("right", "of", "choices", "words", "verdict"), [
    (400, 500, 4, "80.0\N{NO-BREAK SPACE}%", "It is above guessing."),
    (130, 500, 4, "26.0\N{NO-BREAK SPACE}%", "Guessing lies inside the interval"),
    (60, 500, 4, "12.0\N{NO-BREAK SPACE}%", "It is below guessing."),
])  # fmt: skip
def test_puzzles_are_told_in_words_and_as_a_bar(folder, read_page, right, of, choices, words, verdict):
    add_made(folder, "puzzle", solved=solving(right, of, choices))
    part = section(read_page(write_report(folder.path)))
    assert f"It solves <b>{words}</b> of {of} puzzles. Guessing among 4 answers solves 25.0\N{NO-BREAK SPACE}%." in part
    assert verdict in part
    low, high = (100 * end for end in solving(right, of, choices)["interval"])
    assert f"is {low:.1f} to {high:.1f}\N{NO-BREAK SPACE}%" in part
    assert f"--at:{100 * right / of}%; --from:{low:.2f}".rstrip("0") in part
    assert "--luck:25.0%" in part
    assert len(re.findall(r'class="right">', part)) == 5
    assert len(re.findall(r'class="wrong">', part)) == 3


def test_pictures_that_were_learned_from_are_said_to_be(folder, read_page):
    add_made(folder, "masked", split=None)
    part = section(read_page(write_report(folder.path)))
    assert "fashion-mini, training</bdi>, which the run has learned from" in part


def test_a_panel_whose_pictures_are_gone_or_elsewhere_is_left_out(folder, read_page):
    add_made(folder, "generated")
    (folder.gallery / "made" / "1_0.png").unlink()
    assert re.findall(r"<h3>(.*?)</h3>", section(read_page(write_report(folder.path)))) == [
        "Rebuilt", "On the way from one to another",
    ]  # fmt: skip
    known = about(folder)
    for panel in known["made"]["panels"]:
        panel["rows"][0]["image"] = "../run.json"
    write_json(folder.gallery / "gallery.json", known)
    assert not read_page(write_report(folder.path)).all("section", id="made")


def test_the_same_folder_gives_the_same_page(folder):
    for kind in MADE:
        add_made(folder, kind)
        assert write_report(folder.path).read_bytes() == write_report(folder.path).read_bytes()


@pytest.mark.parametrize("side", [28, 224])
def test_the_page_stays_light(folder, side):
    before = write_report(folder.path).stat().st_size
    add_made(folder, "generated", side=side)
    assert write_report(folder.path).stat().st_size - before < 2_500_000
