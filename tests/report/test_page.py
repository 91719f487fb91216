import base64
import hashlib
import json
import re
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
    "Did it stay healthy?",
    "What the network saw",
    "The embedding map",
    "Nearest neighbours",
    "What it groups together",
    "Hardest and most typical",
    "Where in the network it is",
    "What it confuses",
    "Inside the network",
    "How to make it again",
]
SAMPLED = ["map", "neighbours", "clusters", "examples"]


def cluster_sizes(page):
    part = section(page, "clusters")
    return [int(size) for size in re.findall(r"<small>(\d+) examples?,", part)]


def section(page, name):
    """The source of one section."""
    return page.source.split(f'<section id="{name}"')[1].split("</section>")[0]


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
    originals, views, examples, attention, filters = (
        [image for image in page.all("img") if (image["alt"] or "").startswith(start)]
        for start in ("Original", "View", "Picture of", "Attention: half of it lies on", "8 filters")
    )
    neighbours, clusters, hardest, typical = 8 * 7, sum(min(8, size) for size in cluster_sizes(page)), 12, 4 * 4
    assert (len(originals), len(views), len(attention), len(filters)) == (6 + 6, 12, 6, 1)
    assert len(examples) == neighbours + clusters + hardest + typical
    data = json.loads(page.texts["script"][0])
    assert [panel["key"] for panel in data["curves"]][:2] == ["loss", "knn_accuracy"]
    assert [panel["key"] for panel in data["health"]] == ["effective_rank", "projection_rank", "projection_spread"]
    assert [band["state"] for band in data["health"][0]["bands"]] == ["early", "fine", "collapsing", "fine"]
    assert len(data["map"]["x"]) == len(data["map"]["ids"]) == 48


@pytest.mark.parametrize(
    ("gone", "sections", "command"),
    [
        ("scores.json", ["scores", "health", "layers", "confusion"], "nearfar evaluate '{}' fashion-mini"),
        ("scores.json", ["scores", "health", "layers", "confusion"], "nearfar evaluate '{}' fashion-mini --layers"),
        ("metrics.jsonl", ["training", "health"], "nearfar resume '{}'"),
        ("gallery", ["views", *SAMPLED, "inside"], "nearfar evaluate '{}' fashion-mini"),
        ("gallery/gallery.json", ["views", "examples", "inside"], "nearfar resume '{}'"),
        ("gallery/sample.parquet", SAMPLED, "nearfar evaluate '{}' fashion-mini"),
    ],
)
def test_what_is_not_there_yet_is_left_out_with_the_command_that_fills_it(folder, read_page, gone, sections, command):
    lost = folder.path / gone
    shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
    page = read_page(write_report(folder.path))
    assert page.texts["h2"] == TITLES
    lacking = [found["id"] for found in page.all("section") if 'class="missing"' in section(page, found["id"])]
    assert lacking == sections
    assert command.format(folder.path) in page.texts["code"]


def test_the_record_of_a_run_alone_makes_a_page(tmp_path, read_page):
    write_json(tmp_path / "run.json", {})
    page = read_page(write_report(tmp_path))
    assert page.texts["h2"] == TITLES
    assert len(page.all("p", class_="missing")) == len(TITLES)  # health lacks two, and settings nothing
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
    assert "same class" not in section(page, "neighbours")
    assert "nearest to the centre of each cluster" in section(page, "examples")
    assert "Hardest</h3>" not in section(page, "examples")
    assert "main class" not in section(page, "clusters")


def test_a_collapsed_encoder_gets_no_map_and_no_crash(folder, read_page):
    table = EmbeddingTable.read(folder.gallery / "sample.parquet")
    EmbeddingTable(table.vectors * 0 + 1, table.ids, table.labels, table.class_names).write(
        folder.gallery / "sample.parquet"
    )
    page = read_page(write_report(folder.path))
    assert "all alike" in section(page, "map")
    assert "all alike" in section(page, "clusters")
    assert json.loads(page.texts["script"][0])["map"] is None


def test_names_stay_text(folder, read_page):
    page = read_page(write_report(folder.path))
    assert not page.all("u")
    assert len(page.all("script")) == 2
    assert "alert(1)" not in page.texts["script"][1]
    assert page.texts["b"][0] == "87.9\N{NO-BREAK SPACE}%"
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


def test_the_guard_s_changes_of_mind_are_said_in_order(folder, read_page):
    part = section(read_page(write_report(folder.path)), "health")
    assert "The guard found trouble: collapsing from step 500 to 700; it recovered." in part
    said = re.findall(r'data-state="(\w+)"><span class="steps">Step ([\d,]+ to [\d,]+)', part)
    expected = [("early", "100 to 300"), ("fine", "300 to 500"), ("collapsing", "500 to 700"), ("fine", "700 to 1,000")]
    assert said == expected
    assert "Fine: &lt;all&gt; well." in part


def test_numbers_of_the_new_sections_are_text_of_tables(folder, read_page):
    page = read_page(write_report(folder.path))
    assert re.search(r'<th role="rowheader" scope="row">Uniformity</th><td[^>]*>\N{MINUS SIGN}2.31</td>', page.source)
    layer = section(page, "layers").split("<bdi>block &lt;1&gt;</bdi>")[1].split("</tr>")[0]
    assert re.findall(r"(\d+\.\d)\N{NO-BREAK SPACE}%", layer) == ["90.0", "85.0"]
    pairs = re.findall(r"<li><bdi>(.*?)</bdi> is read as <bdi>(.*?)</bdi>: <small>(.*?),", section(page, "confusion"))
    assert pairs[0] == ("&lt;b&gt;bag&lt;/b&gt;", "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;", "4 of 12")
    assert [int(count) for *_, text in pairs for count in text.split()[:1]] == [4, 3, 2, 1]
    cells = [row.split("</td>")[:-1] for row in section(page, "confusion").split("<tbody>")[1].split("</tr>")[:-1]]
    assert [[int(cell.rpartition(">")[2]) for cell in row] for row in cells][3] == [25, 0, 0, 75]


def test_too_many_classes_for_a_table_are_said_to_be_so(folder, read_page):
    scores = json.loads(folder.scores.read_text())
    scores.pop("confusion")
    scores["scores"]["linear"]["settings"] = {"classes": 100}
    write_json(folder.scores, scores)
    assert "A table of 100 classes says nothing" in section(read_page(write_report(folder.path)), "confusion")


def test_a_network_that_shows_nothing_of_its_inside_is_said_to_be_so(folder, read_page):
    about = json.loads((folder.gallery / "gallery.json").read_text())
    write_json(folder.gallery / "gallery.json", about | {"inside": {}})
    part = section(read_page(write_report(folder.path)), "inside")
    assert "nothing to draw" in part
    assert "<code>" not in part


def test_labels_without_a_probe_s_guesses_ask_for_one(folder, read_page):
    about = json.loads((folder.gallery / "gallery.json").read_text())
    write_json(folder.gallery / "gallery.json", {k: v for k, v in about.items() if k not in ("predicted", "certainty")})
    part = section(read_page(write_report(folder.path)), "examples")
    assert "nearfar evaluate" in part
    assert "Most typical" in part
