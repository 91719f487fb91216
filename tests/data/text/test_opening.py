"""Files of text as a user has them, and one sentence for each that cannot be used."""

import bz2
import gzip
import json
import lzma
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nearfar.data import open_sentences, sentence_splits
from nearfar.data.text.columns import LONGEST
from nearfar.errors import DataError

BOOK = "One.\nTwo.\n\nThree.\n\n\n\nFour.\n  \nFive.\n"
ROWS = [{"text": "first, of all", "label": "b"}, {"text": 'a "second"', "label": "a"}, {"text": "third", "label": "b"}]


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """`file(name, content)` is a file of bytes or text."""

    def write(name: str, content: bytes | str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_empty_lines_end_paragraphs_and_documents(file: Callable[..., Path]) -> None:
    source = open_sentences(file("book.txt", f"\n\n{BOOK}\n\n"))
    assert source.texts() == ("One.", "Two.", "Three.", "Four.", "Five.")
    assert source.ids == ("3", "4", "6", "10", "12"), "lines as an editor counts them"
    assert source.places.document.tolist() == [0, 0, 0, 1, 1]
    assert source.places.paragraph.tolist() == [0, 0, 1, 2, 3]
    assert source.following().tolist() == [1, 2, -1, 4, -1]
    assert (source.labels, source.skipped, source.composed) == (None, (), 0)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_files_and_the_ends_of_lines_change_nothing(
    file: Callable[..., Path], pack: Callable[[bytes], bytes]
) -> None:
    plain = open_sentences(file("book.txt", BOOK))
    packed = open_sentences(file("book.txt.gz", pack(b"\xef\xbb\xbf" + BOOK.replace("\n", "\r\n").encode())))
    assert packed.fingerprint == plain.fingerprint
    assert packed.following().tolist() == plain.following().tolist()


def test_several_files_go_on_counting_and_are_named_apart(file: Callable[..., Path]) -> None:
    paths = [file("a.txt", BOOK), file("b.txt", "\n\n"), file("c.txt", "Six.\nSeven.")]
    source = open_sentences(paths)
    assert source.ids[-2:] == ("c.txt/1", "c.txt/2")
    assert source.places.document.tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert source.following().tolist() == [1, 2, -1, 4, -1, 6, -1]
    assert open_sentences(paths[0].parent).fingerprint == source.fingerprint
    assert open_sentences(str(paths[0].parent / "*.txt")).fingerprint == source.fingerprint


def written(kind: str) -> bytes:
    if kind == "csv":
        return b'text,label\n"first, of all",b\n"a ""second""",a\n\nthird,b\n'
    if kind == "tsv":
        return b'text\tlabel\nfirst, of all\tb\na "second"\ta\nthird\tb\n'
    if kind == "quoted.tsv":
        return b'"text"\t"label"\n"first, of all"\t"b"\n"a ""second"""\t"a"\n"third"\t"b"\n'
    if kind == "minimal.tsv":
        return b'text\tlabel\nfirst, of all\tb\n"a ""second"""\ta\nthird\tb\n'
    if kind == "parquet":
        buffer = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_pylist(ROWS), buffer)
        return buffer.getvalue().to_pybytes()
    return "\n".join(json.dumps(row) for row in ROWS).encode()


@pytest.mark.parametrize("kind", ["csv", "tsv", "quoted.tsv", "minimal.tsv", "jsonl", "parquet", "csv.gz"])
def test_tables_of_any_kind_are_one_source(file: Callable[..., Path], kind: str) -> None:
    content = gzip.compress(written("csv")) if kind == "csv.gz" else written(kind)
    source = open_sentences(file(f"rows.{kind}", content))
    assert source.texts() == tuple(row["text"] for row in ROWS)
    assert (source.class_names, source.labels.tolist()) == (("a", "b"), [1, 0, 1])
    assert source.ids == ("0", "1", "2")
    assert source.places is None


def test_quotation_marks_in_tables_with_tabs_are_the_text_s_own(file: Callable[..., Path]) -> None:
    table = 'text\tlabel\n" bad " is the word\tn\n"Fairies"\tn\n"Then the captain\tp\n'
    source = open_sentences(file("rows.tsv", table))
    assert source.texts() == ('" bad " is the word', '"Fairies"', '"Then the captain')


def test_columns_are_found_or_named(file: Callable[..., Path]) -> None:
    path = file("rows.csv", "id,Sentence,kind,stars\n7,a b,x,1\n8,c d,y,-1\n")
    assert open_sentences(path).texts() == ("a b", "c d")
    assert open_sentences(path).labels is None
    named = open_sentences(path, text_column="kind", label_column="stars")
    assert (named.texts(), named.labels.tolist(), named.class_names) == (("x", "y"), [0, -1], ("1",))


def test_pairs_and_triplets(file: Callable[..., Path]) -> None:
    path = file("rows.tsv", "sentence1\tsentence2\tother\tscore\na\tb\tc\t2.5\nd\te\tf\t\ng\th\ti\t0\n")
    source = open_sentences(path)
    assert (source.roles, source.scores.tolist()) == (("anchor", "positive"), [2.5, 0.0])
    assert source.skipped == (("1", "has a score that is no number"),)
    assert source.ids == ("0", "2")
    triplets = open_sentences(path, anchor_column="other", positive_column="sentence1", negative_column="sentence2")
    assert triplets.read(0) == ("c", "a", "b")
    assert open_sentences(path, text_column="other").roles == ("text",)


def test_splits_by_file_or_by_column(file: Callable[..., Path]) -> None:
    file("set/rows.train.tsv", "text\tlabel\na\tx\nb\ty\n")
    folder = file("set/rows.dev.tsv", "text\tlabel\nc\ty\n").parent
    assert sentence_splits(folder) == ("train", "val")
    assert open_sentences(folder).texts() == ("a", "b")
    aside = open_sentences(folder, split="dev")
    assert (aside.texts(), aside.class_names, aside.labels.tolist()) == (("c",), ("x", "y"), [1])
    column = file("rows.jsonl", '{"text": "a", "split": "train"}\n{"text": "b", "split": "test"}\n')
    assert open_sentences(column).texts() == ("a",)
    assert open_sentences(column, split="test").ids == ("1",)
    assert sentence_splits(file("book.txt", BOOK)) == ()


def test_text_is_brought_to_one_form(file: Callable[..., Path]) -> None:
    decomposed = "\u0041\u030a is a letter."
    source = open_sentences(file("x.jsonl", json.dumps({"text": f"  {decomposed} "}) + '\n{"text": " plain "}'))
    assert source.texts() == ("\u00c5 is a letter.", "plain")
    assert source.composed == 1


def test_what_cannot_be_used_is_named_and_left_out(file: Callable[..., Path]) -> None:
    values = ["ok", "", "   ", None, 3, "x" * (LONGEST + 1), "\ud800", "x" * LONGEST, ["a list"]]
    source = open_sentences(file("x.jsonl", "\n".join(json.dumps({"text": value}) for value in values)))
    assert source.ids == ("0", "7")
    assert dict(source.skipped) == {
        **dict.fromkeys(("1", "2", "3"), "is empty"),
        "4": "is no text: it is of type int",
        "5": "is too long: 100,001 characters of at most 100,000",
        "6": "is no text: it holds half of a character",
        "8": "is no text: it is of type list",
    }


WRONG = {
    "latin": ("x.txt", b"fine\ncaf\xe9 au lait\n", {}, r"x\.txt, line 2: the bytes e9 20 61 75'\. Save it as UTF-8"),
    "wide": ("x.txt", "wide\n".encode("utf-16"), {}, r"x\.txt, line 1: the bytes .* of UTF-16'\. Save .*-f UTF-16"),
    "binary": ("x.txt", b"\x01\0\0\0", {}, r"data must be text\. Got 'x\.txt, line 1: zero bytes'\."),
    "empty": ("x.txt", b"\n \n", {}, r"data must be at least one text\. Got '.*x\.txt, which is empty'\."),
    "empty table": ("x.csv", b"", {}, r"text_column must be a column of the data\. Got None\."),
    "no rows": ("x.csv", b"text,label\n", {}, r"data must be at least one text\. Got '.*x\.csv, which is empty'\."),
    "short row": ("x.csv", b"text,label\na,b\nc\n", {}, r"a table of 2 values a line\. Got 'x\.csv, line 3: c'\."),
    "open quote": ("x.csv", b'text,label\n"a,b\n', {}, r"a table of quoted values \(.*\)\. Got 'x\.csv, line 2"),
    "no object": ("x.jsonl", b'{"text": "a"}\n[1]\n', {}, r"a JSON object a line\. Got 'x\.jsonl, line 2: \[1\]'\."),
    "cut": ("x.txt.gz", gzip.compress(b"a\n" * 9999)[:20], {}, r"data must be readable text\. Got 'x\.txt\.gz: "),
    "parquet": ("x.parquet", b"PAR1 no", {}, r"data must be readable text\. Got .x\.parquet: "),
    "columns": ("x.csv", b"a,b\n1,2\n", {}, r"text_column must be .* Got None\. Name the column of texts of a, b\."),
    "no column": ("x.csv", b"text,b\n1,2\n", {"text_column": "txt"}, r"Got 'txt'\. Did you mean 'text'\?"),
    "twice": ("x.csv", b"text,text\n1,2\n", {}, r"a table whose columns have names of their own\."),
    "half a pair": ("x.csv", b"q,a\n1,2\n", {"anchor_column": "q"}, r"anchor_column and positive_column must be "),
    "both": (
        "x.csv", b"text,a\n1,2\n", {"text_column": "text", "score_column": "a"}, "text_column must be left out beside",
    ),
    "line column": ("x.txt", b"a\n", {"label_column": "b"}, r"label_column must be left out for text without columns"),
    "labels": ("x.jsonl", b'{"text": "a", "label": ["b"]}', {}, r"label_column must be .* Got \"label: \['b'\]\""),
    "split": ("x.txt", b"a\n", {"split": "test"}, r"split must be left out for data without splits\. Got 'test'\."),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "options", "message"), WRONG.values(), ids=WRONG)
def test_wrong_data_gets_one_sentence(
    file: Callable[..., Path], name: str, content: bytes, options: dict[str, str], message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        open_sentences(file(name, content), **options)
    assert str(caught.value).startswith("nearfar: ")
    assert "\n" not in str(caught.value)


def test_wrong_places_get_one_sentence(file: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data must be files that exist\. Got '/nowhere\.txt'\."):
        open_sentences("/nowhere.txt")
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match=r"a folder of either\. Got '.*none, a folder without one'\."):
        open_sentences(tmp_path / "none")
    file("mixed/a.csv", "text\na\n")
    other = file("mixed/b.txt", "a")
    with pytest.raises(DataError, match=r"files of one kind\. Got 'a\.csv \(csv\), b\.txt \(text\)'\."):
        open_sentences(other.parent)
    file("unlike/a.csv", "text\na\n")
    with pytest.raises(DataError, match=r"tables of the same columns\. Got 'a\.csv and b\.csv, .* label'\."):
        open_sentences(file("unlike/b.csv", "text,label\na,b\n").parent)
    file("split/train.csv", "text\na\n")
    with pytest.raises(DataError, match=r"split must be one of train, test\. Got 'tset'\. Try 'train'\."):
        open_sentences(file("split/test.csv", "text\na\n").parent, split="tset")


def test_damaged_files_never_get_a_traceback(file: Callable[..., Path]) -> None:
    draw = random.Random(0)
    kinds = ("txt", "csv", "tsv", "jsonl", "parquet", "txt.gz")
    for number in range(120):
        kind = kinds[number % len(kinds)]
        data = bytearray(
            BOOK.encode() if kind == "txt" else gzip.compress(BOOK.encode()) if "gz" in kind else written(kind)
        )
        for _ in range(draw.randint(1, 6)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        if draw.random() < 0.3:
            del data[draw.randrange(len(data)) :]
        with suppress(DataError):  # anything else would be a traceback
            source = open_sentences(file(f"damaged.{kind}", bytes(data)))
            assert len(source) == len(source.hashes) > 0


def test_real_texts(shared_data: Callable[[str], Path]) -> None:
    valid = open_sentences(shared_data("text/books.valid.txt.gz"))
    assert (len(valid), valid.places.document.max() + 1) == (4634, 41)
    assert (valid.following() < 0).sum() == 41
    similar = open_sentences(shared_data("text/stsb-en"), split="test")
    assert (len(similar), similar.roles) == (1379, ("anchor", "positive"))
    assert 0 <= similar.scores.min() < similar.scores.max() == 5
    intents = open_sentences(shared_data("text/banking77"), split="test")
    assert (len(intents), len(intents.class_names)) == (3080, 77)
    assert len(np.unique(intents.labels)) == 77
    questions = open_sentences(shared_data("text/qa_xquad_en/questions.jsonl"), split="test")
    assert len(questions) == 274
    medical = open_sentences(
        shared_data("text/qa_pubmedqa/pqal.jsonl"), anchor_column="question", positive_column="long_answer"
    )
    assert (len(medical), medical.roles) == (500, ("anchor", "positive"))
