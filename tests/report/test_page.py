import base64
import hashlib
import json
import shutil
import subprocess
import sys

import pytest

from nearfar.errors import RunError
from nearfar.records import EmbeddingTable, RunFolder, write_json
from nearfar.report import write_report

TITLES = [
    "Is the encoder useful?",
    "How training went",
    "What the network saw",
    "The embedding map",
    "Nearest neighbours",
    "How to make it again",
]


def test_a_full_run_fills_every_section(folder, read_page):
    path = write_report(folder.path)
    assert path == folder.report
    page = read_page(path)
    assert page.texts["h2"] == TITLES
    assert page.texts["h1"] == [""]
    assert "fashion <1>" in page.texts["bdi"]
    assert not page.all("p", class_="missing")
    assert page.texts["code"] == ["nearfar pretrain simclr '/my pictures/<b>' --minutes 2"]
    assert "87.9" in page.source
    assert page.all("p", class_="guard") == [{"class": "guard", "data-state": "fine"}]
    assert "Fine: <all> well." in page.texts["p"]
    originals, views, examples = (
        [image for image in page.all("img") if (image["alt"] or "").startswith(start)]
        for start in ("Original", "View", "Picture of")
    )
    assert (len(originals), len(views), len(examples)) == (6, 12, 8 * 7)
    data = json.loads(page.texts["script"][0])
    assert [panel["key"] for panel in data["curves"]][:2] == ["loss", "effective_rank"]
    assert len(data["map"]["x"]) == len(data["map"]["ids"]) == 48


@pytest.mark.parametrize(
    ("gone", "sections", "command"),
    [
        ("scores.json", ["scores"], "nearfar evaluate '{}' fashion-mini"),
        ("metrics.jsonl", ["training"], "nearfar resume '{}'"),
        ("gallery", ["views", "map", "neighbours"], "nearfar evaluate '{}' fashion-mini"),
        ("gallery/gallery.json", ["views"], "nearfar resume '{}'"),
        ("gallery/sample.parquet", ["map", "neighbours"], "nearfar evaluate '{}' fashion-mini"),
    ],
)
def test_what_is_not_there_yet_is_left_out_with_the_command_that_fills_it(folder, read_page, gone, sections, command):
    lost = folder.path / gone
    shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
    page = read_page(write_report(folder.path))
    assert page.texts["h2"] == TITLES
    assert len(page.all("p", class_="missing")) == len(sections)
    for section in sections:
        text = page.source.split(f'<section id="{section}"')[1].split("</section>")[0]
        assert 'class="missing"' in text
    assert command.format(folder.path) in page.texts["code"]


def test_the_record_of_a_run_alone_makes_a_page(tmp_path, read_page):
    write_json(tmp_path / "run.json", {})
    page = read_page(write_report(tmp_path))
    assert page.texts["h2"] == TITLES
    assert len(page.all("p", class_="missing")) == 5
    assert tmp_path.name in page.texts["bdi"]


def test_a_sample_without_labels_and_pictures_still_has_its_map_and_neighbours(folder, read_page):
    table = EmbeddingTable.read(folder.gallery / "sample.parquet")
    EmbeddingTable(table.vectors, table.ids).write(folder.gallery / "sample.parquet")
    (folder.gallery / "sample.webp").unlink()
    page = read_page(write_report(folder.path))
    data = json.loads(page.texts["script"][0])
    assert data["map"]["label"] is None
    assert data["thumbs"] is None
    assert not page.all("p", class_="missing")
    assert "same class" not in page.source.split('<section id="neighbours"')[1]


def test_a_collapsed_encoder_gets_no_map_and_no_crash(folder, read_page):
    table = EmbeddingTable.read(folder.gallery / "sample.parquet")
    EmbeddingTable(table.vectors * 0 + 1, table.ids, table.labels, table.class_names).write(
        folder.gallery / "sample.parquet"
    )
    page = read_page(write_report(folder.path))
    assert "all alike" in page.source
    assert json.loads(page.texts["script"][0])["map"] is None


def test_names_stay_text(folder, read_page):
    page = read_page(write_report(folder.path))
    assert not page.all("u")
    assert len(page.all("script")) == 2
    assert "alert(1)" not in page.texts["script"][1]
    assert page.texts["b"] == ["87.9\N{NO-BREAK SPACE}%"]
    table = EmbeddingTable.read(folder.gallery / "sample.parquet")
    data = json.loads(page.texts["script"][0])
    assert data["map"]["ids"] == list(table.ids)
    assert data["map"]["names"] == list(table.class_names)
    assert "<" not in page.texts["script"][0]
    assert {"<b>bag</b>", "train/0<u>.png"} <= set(page.texts["bdi"])


def test_the_page_asks_for_nothing(folder, read_page):
    page = read_page(write_report(folder.path))
    for kind, attributes in page.elements:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:", "#")), (kind, name, value)
    style = page.texts["style"][0]
    assert "url(" not in style
    assert "@import" not in style
    policy = next(meta["content"] for meta in page.all("meta") if "http-equiv" in meta)
    assert "default-src 'none'" in policy
    digest = base64.b64encode(hashlib.sha256(page.texts["script"][1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy


def test_the_same_folder_gives_the_same_page(folder):
    first = write_report(folder.path).read_bytes()
    assert write_report(folder.path).read_bytes() == first


def test_every_picture_has_words_and_every_heading_its_section(folder, read_page):
    page = read_page(write_report(folder.path))
    assert all("alt" in image for image in page.all("img"))
    headings = {heading["id"] for heading in page.all("h2")}
    assert {section["aria-labelledby"] for section in page.all("section")} == headings
    assert {link["href"] for link in page.all("a")} == {f"#{section['id']}" for section in page.all("section")}


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(RunError, match=r"run\.json must be in the folder"):
        write_report(tmp_path)


def test_a_page_needs_no_torch(folder):
    code = (
        "import sys; from pathlib import Path; from nearfar.report import write_report;"
        "write_report(Path(sys.argv[1])); print([name for name in sys.modules if name.split('.')[0] == 'torch'])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(folder.path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.strip() == "[]"
    assert RunFolder(folder.path).report.exists()
