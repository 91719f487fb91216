"""The page of a run of texts, and of one of pictures with captions."""

import json
import re

import pytest
from report.texts import EXAMPLES, texts

from nearfar.errors import RunError
from nearfar.records import EmbeddingTable, read_json, write_json
from nearfar.report import write_report


def section(page, name):
    return page.source.split(f'<section id="{name}"')[1].split("</section>")[0]


def sections(page):
    return [found["id"] for found in page.all("section")]


def known(page):
    return json.loads(page.texts["script"][0])


def test_a_run_of_texts_shows_sentences_and_no_pictures(text_folder, read_page):
    page = read_page(write_report(text_folder.path))
    assert not page.all("img")
    assert not page.all("button", id="pictures")
    assert "inside" not in sections(page)
    assert "retrieval" not in sections(page)
    lacking = [name for name in sections(page) if 'class="missing"' in section(page, name)]
    assert lacking == ["training", "health"]  # no step is recorded in this folder
    shown = [words.strip() for name in ("clusters", "examples", "neighbours") for words in _words(page, name)]
    assert len(shown) > 8 * 7 + 12 + 12
    assert set(shown) <= set(texts())
    assert known(page)["map"]["texts"] == texts()
    assert known(page)["thumbs"] is None


def _words(page, name):
    found = re.findall(r'<span class="words"[^>]*>(.*?)</span>', section(page, name), re.DOTALL)
    escapes = {"&lt;": "<", "&gt;": ">", "&#34;": '"', "&#39;": "'", "&amp;": "&"}
    for escape, character in escapes.items():
        found = [text.replace(escape, character) for text in found]
    return found


@pytest.mark.parametrize("kind", ["text_folder", "captioned_folder"])
def test_texts_stay_text(request, read_page, kind):
    page = read_page(write_report(request.getfixturevalue(kind).path))
    assert len(page.all("script")) == 2
    assert "<" not in page.texts["script"][0]
    assert not page.all("u")
    assert "it" not in page.texts["b"]


def test_words_are_of_sentences_and_not_of_pictures(text_folder, read_page):
    page = read_page(write_report(text_folder.path))
    said = re.sub(r"<[^>]*>", "", page.source.split("<body>")[1].split("<script")[0])
    assert "picture" not in said.lower()
    assert "pixel" not in said.lower()
    assert "10,000 sentences" in said
    assert "2,000 sentences of" in said
    assert "TF-IDF" in said
    assert "above TF-IDF" in said


def test_views_mark_what_was_hidden_with_what_stood_there(text_folder, read_page):
    page = read_page(write_report(text_folder.path))
    part = section(page, "views")
    first = '<dd dir="auto">The <mark><bdi>[MASK]</bdi><small><bdi>small</bdi></small></mark>'
    assert part.count(first) == 2
    assert "<mark><bdi>&lt;u&gt;other&lt;/u&gt;</bdi><small><bdi>birds</bdi></small></mark>" in part
    assert "<mark><bdi>[MASK]</bdi></mark>" in part
    assert "Marked is what was hidden" in part
    about = read_json(text_folder.gallery / "gallery.json")
    for view in about["views"]:
        view["read"] = [{"name": "view 1", "parts": [view["texts"][0][1]]}]
    write_json(text_folder.gallery / "gallery.json", about)
    assert "Marked is what was hidden" not in section(read_page(write_report(text_folder.path)), "views")


def test_pictures_with_captions_show_both_and_find_one_another(captioned_folder, read_page):
    page = read_page(write_report(captioned_folder.path))
    assert sections(page).index("retrieval") == sections(page).index("neighbours") + 1
    alts = [image["alt"] for image in page.all("img") if image["alt"]]
    assert set(texts()) & set(alts)
    assert sum(alt in ("Original", "View 1") for alt in alts) == 12
    assert section(page, "views").count("spans 2, 1") == 6
    part = section(page, "retrieval")
    assert f"Among {EXAMPLES} pairs" in part
    assert part.count('<li class="own"') >= 1
    assert len(re.findall(r"<img", part)) == 4 * 5 + 4
    assert known(page)["map"]["texts"] == texts()
    assert known(page)["thumbs"] is not None


def test_without_embeddings_of_the_captions_there_is_no_retrieval_yet(captioned_folder, read_page):
    (captioned_folder.gallery / "sample-text.parquet").unlink()
    page = read_page(write_report(captioned_folder.path))
    assert "nearfar evaluate" in section(page, "retrieval")
    assert page.all("img")


def test_texts_without_labels_still_have_clusters_and_neighbours(text_folder, read_page):
    table = EmbeddingTable.read(text_folder.gallery / "sample.parquet")
    EmbeddingTable(table.vectors, table.ids).write(text_folder.gallery / "sample.parquet")
    page = read_page(write_report(text_folder.path))
    assert known(page)["map"]["label"] is None
    assert "nearest to the centre of each cluster" in section(page, "examples")
    assert set(map(str.strip, _words(page, "examples"))) <= set(texts())


def test_a_sample_with_another_number_of_texts_is_refused(text_folder):
    about = read_json(text_folder.gallery / "gallery.json")
    write_json(text_folder.gallery / "gallery.json", about | {"texts": about["texts"][1:]})
    with pytest.raises(RunError, match=r"of 48 texts, one an example\. Got 47"):
        write_report(text_folder.path)


def test_a_page_of_2000_long_texts_in_any_script_stays_small(text_folder):
    rows = [row % EXAMPLES for row in range(2000)]
    table = EmbeddingTable.read(text_folder.gallery / "sample.parquet").rows(rows)
    table = EmbeddingTable(table.vectors, tuple(map(str, range(2000))))
    table.write(text_folder.gallery / "sample.parquet")
    write_json(text_folder.gallery / "gallery.json", {"texts": ["\N{CJK UNIFIED IDEOGRAPH-4E00}" * 300] * 2000})
    assert write_report(text_folder.path).stat().st_size < 3_000_000
