"""Pictures with captions, whatever they come in."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from packing import Files, arrow, folder, parquet, rows, tarred

from nearfar.data import Captioned, Reading, Sentences, captioned_splits, open_captioned, open_source
from nearfar.data.text.columns import LONGEST
from nearfar.errors import DataError

CAPTIONS = ["A\u030angstrom", 'two, "quoted"', " three ", "vier\nZeilen", "пять", "六"]
CLEAN = ("\u00c5ngstrom", 'two, "quoted"', "three", "vier\nZeilen", "пять", "六")
KINDS = [name[:3] for name in ("cat", "cat", "cat", "dog", "dog", "dog")]


@pytest.fixture
def flat(files: Files) -> dict[str, bytes]:
    """The six pictures, without folders; in another order than that of their names."""
    return {name.replace("/", "-"): files[name] for name in reversed(files)}


def told(flat: Files) -> list[dict[str, Any]]:
    """What is said of each picture, in the order given."""
    order = sorted(flat)
    said = {name: {"caption": CAPTIONS[place], "label": KINDS[place]} for place, name in enumerate(order)}
    return [{"file_name": name, **said[name]} for name in flat]


def columns(flat: Files) -> dict[str, list[Any]]:
    return {key: [row[key] for row in told(flat)] for key in ("caption", "label")}


def csv(path: Path, table: list[dict[str, Any]], separator: str = ",") -> Path:
    lines = [list(table[0]), *(list(row.values()) for row in table)]
    quoted = [separator.join('"{}"'.format(str(value).replace('"', '""')) for value in line) for line in lines]
    path.write_text("\n".join(quoted), encoding="utf-8")
    return path


def jsonl(path: Path, table: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in table))
    return path


def in_parquet(path: Path, flat: Files) -> Path:
    return parquet(path / "rows.parquet", rows(flat, **columns(flat)))


def in_several(path: Path, flat: Files) -> list[Path]:
    names = sorted(flat)
    said = {row["file_name"]: row for row in told(flat)}
    tables = []
    for number, part in enumerate((names[:2], names[2:])):
        beside = {key: [said[name][key] for name in part] for key in ("caption", "label")}
        tables.append(parquet(path / f"{number}.parquet", rows({name: flat[name] for name in part}, **beside)))
    return tables


def in_lists(path: Path, flat: Files) -> Path:
    captions = [[caption, "another"] for caption in columns(flat)["caption"]]
    return parquet(path / "rows.parquet", rows(flat, captions=captions, label=columns(flat)["label"]))


def in_arrow(path: Path, flat: Files) -> Path:
    return arrow(path / "rows.arrow", rows(flat, **columns(flat)))


def in_texts_of_a_tar(path: Path, flat: Files) -> Path:
    members = {}
    for name, row in zip(flat, told(flat), strict=True):
        key = name.removesuffix(".png")
        members |= {f"{key}.txt": row["caption"].encode(), name: flat[name], f"{key}.cls": row["label"].encode()}
    return tarred(path / "shard.tar", members)


def in_json_of_shards(path: Path, flat: Files) -> str:
    for number, half in enumerate((list(flat)[3:], list(flat)[:3])):  # the names of shards do not count
        said = {row["file_name"]: row for row in told(flat)}
        members = {}
        for name in half:
            members |= {name: flat[name], name.replace(".png", ".json"): json.dumps(said[name]).encode()}
        tarred(path / f"shard-{number}.tar.gz", members, "gz")
    return f"{path}/shard-{{0..1}}.tar.gz"


def in_a_folder(path: Path, flat: Files) -> Path:
    folder(path, flat)
    csv(path / "captions.csv", told(flat))
    return path


def in_hugging_face_s_folder(path: Path, flat: Files) -> Path:
    folder(path, flat)
    jsonl(path / "metadata.jsonl", told(flat))
    return path


def in_a_folder_with_parquet(path: Path, flat: Files) -> Path:
    folder(path, flat)
    table = [{**row, "caption": [row["caption"], "another"]} for row in told(flat)]
    parquet(path / "captions.parquet", pa.Table.from_pylist(table))
    return path


def in_a_csv(path: Path, flat: Files) -> Path:
    folder(path / "pictures", flat)
    table = [{**row, "file_name": f"pictures/{row['file_name']}"} for row in told(flat)]
    return csv(path / "list.txt", table, ";")


def in_two_jsonls(path: Path, flat: Files) -> list[Path]:
    folder(path / "a", flat)
    table = told(flat)
    (path / "b").mkdir()
    above = [{**row, "file_name": f"../a/{row['file_name']}"} for row in table[4:]]
    return [jsonl(path / "a" / "one.jsonl", table[:4]), jsonl(path / "b" / "two.jsonl", above)]


def in_a_parquet_of_paths(path: Path, flat: Files) -> Path:
    folder(path, flat)
    return parquet(path / "paths.parquet", pa.Table.from_pylist(told(flat)))


CONTAINERS = [
    in_parquet, in_several, in_lists, in_arrow, in_texts_of_a_tar, in_json_of_shards, in_a_folder,
    in_hugging_face_s_folder, in_a_folder_with_parquet, in_a_csv, in_two_jsonls, in_a_parquet_of_paths,
]  # fmt: skip


@pytest.mark.parametrize("put", CONTAINERS)
def test_every_container_is_the_same_source(
    put: Callable[..., Any], flat: Files, pixels: np.ndarray, tmp_path: Path
) -> None:
    source = open_captioned(put(tmp_path / "any", flat))
    plain = open_source(tarred(tmp_path / "plain.tar", {f"{name[:3]}/{name}": data for name, data in flat.items()}))
    assert source.captions.texts() == CLEAN
    assert source.captions.composed == 1
    assert (source.labels.tolist(), source.class_names) == ([0, 0, 0, 1, 1, 1], ("cat", "dog"))
    assert source.skipped == ()
    assert source.pictures.fingerprint == plain.fingerprint
    texts = Sentences({"text": CLEAN}, name="", labels=source.labels, class_names=source.class_names)
    assert source.fingerprint == Captioned(plain, texts).fingerprint
    picture, text = source.read(4)
    assert np.array_equal(np.asarray(picture), pixels[4])
    assert text == "пять"
    assert open_captioned(source) is source


def test_the_hash_is_of_both(flat: Files, tmp_path: Path) -> None:
    source = open_captioned(in_parquet(tmp_path, flat))
    other = Captioned(source.pictures, source.captions.select(np.array([1, 0, 2, 3, 4, 5])))
    assert (source.hashes == other.hashes).tolist() == [False, False, True, True, True, True]
    chosen = source.select(np.array([5, 1]))
    assert chosen.ids == (source.ids[5], source.ids[1])
    assert chosen.read(0)[1] == "六"
    assert chosen.hashes.tolist() == source.hashes[[5, 1]].tolist()
    assert (chosen.labels.tolist(), chosen.modality) == ([1, 0], "image-text")


def test_arrays_and_data_sets_in_memory(pixels: np.ndarray) -> None:
    source = open_captioned((pixels, CAPTIONS))
    assert (source.captions.texts(), source.labels, source.name) == (CLEAN, None, "arrays")
    assert open_captioned((pixels, np.array(CAPTIONS))).fingerprint == source.fingerprint

    class Rows:
        def __init__(self, make: Callable[[int], Any], start: int = 0, stop: int = 6) -> None:
            self.make, self.rows = make, range(start, stop)

        def __len__(self) -> int:
            return len(self.rows)

        def __getitem__(self, row: int) -> Any:
            return self.make(self.rows[row])

    pairs = open_captioned(Rows(lambda row: (pixels[row], [CAPTIONS[row], "another"])))
    assert pairs.fingerprint == source.fingerprint, "captions are no labels"
    keyed = Rows(lambda row: {"image": pixels[row], "alt": CAPTIONS[row], "label": KINDS[row]})
    assert open_captioned(keyed).captions.texts() == CLEAN
    assert open_captioned(keyed).class_names == ("cat", "dog")
    parts = {"train": Rows(lambda row: (pixels[row], CAPTIONS[row]), 0, 4), "test": Rows(
        lambda row: (pixels[row], CAPTIONS[row]), 4, 6)}  # fmt: skip
    assert captioned_splits(parts) == ("train", "test")
    assert open_captioned(parts, split="test").captions.texts() == CLEAN[4:]
    with pytest.raises(DataError, match=r"data must be rows of a picture and a caption\. Got 'Rows of ndarray'"):
        open_captioned(Rows(lambda row: pixels[row]))


def test_data_sets_of_hugging_face(flat: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = pytest.importorskip("datasets", reason="the extra hf is not installed")
    monkeypatch.setattr(module.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    module.disable_progress_bars()
    features = module.Features(
        {"image": module.Image(), "caption": module.Value("string"), "label": module.ClassLabel(names=["cat", "dog"])}
    )
    images = [{"bytes": data, "path": name} for name, data in flat.items()]
    data = module.Dataset.from_dict({"image": images, **columns(flat)}, features=features)
    source = open_captioned(data)
    assert source.fingerprint == open_captioned(in_parquet(tmp_path / "p", flat)).fingerprint
    parts = module.DatasetDict({"train": data.select(range(4)), "validation": data.select([4, 5])})
    assert captioned_splits(parts) == ("train", "val")
    assert sorted(open_captioned(parts, split="val").captions.texts()) == sorted(CLEAN[:2])
    in_hugging_face_s_folder(tmp_path / "named", flat)
    monkeypatch.chdir(tmp_path / "named")
    named = open_captioned(f"hf:{tmp_path / 'named'}")
    assert sorted(named.captions.texts()) == sorted(CLEAN)


@pytest.mark.parametrize("where", ["top", "column", "inside"])
def test_a_folder_may_have_splits(where: str, flat: Files, tmp_path: Path) -> None:
    parts = {"train": [row for row in told(flat) if row["label"] == "cat"]}
    parts["valid"] = [row for row in told(flat) if row["label"] == "dog"]
    for split, part in parts.items():
        below = "" if where == "column" else split
        folder(tmp_path / "d" / below, {row["file_name"]: flat[row["file_name"]] for row in part})
        if where == "inside":
            csv(tmp_path / "d" / split / "metadata.csv", part)
    if where == "top":
        table = [{**row, "file_name": f"{split}/{row['file_name']}"} for split, part in parts.items() for row in part]
        csv(tmp_path / "d" / "metadata.csv", table)
    if where == "column":
        jsonl(tmp_path / "d" / "captions.jsonl", [{**row, "split": s} for s, part in parts.items() for row in part])
    assert captioned_splits(tmp_path / "d") == ("train", "val")
    assert open_captioned(tmp_path / "d").captions.texts() == CLEAN[:3]
    assert open_captioned(str(tmp_path / "d"), split="val").captions.texts() == CLEAN[3:]


def test_shards_have_the_splits_of_their_names(flat: Files, tmp_path: Path) -> None:
    for split, names in (("train", list(flat)[:4]), ("test", list(flat)[4:])):
        members = {name: flat[name] for name in names} | {f"{name[:-4]}.txt": name.encode() for name in names}
        tarred(tmp_path / f"{split}-000.tar", members)
    assert captioned_splits(tmp_path) == ("train", "test")
    assert open_captioned(tmp_path, split="test").captions.texts() == ("cat-0.png", "cat-1.png")
    assert len(open_captioned([tmp_path / "train-000.tar"])) == 4


def test_a_column_may_be_named(flat: Files, tmp_path: Path) -> None:
    said = columns(flat) | {"where": list(flat)}
    path = parquet(tmp_path / "rows.parquet", rows(flat, **said))
    source = open_captioned(path, reading=Reading(text_column="where"))
    assert source.captions.texts() == source.ids
    by_field = open_captioned(
        tarred(tmp_path / "a.tar", {"a.png": flat["cat-0.png"], "a.txt": b"text", "a.json": b'{"alt": "field"}'}),
        reading=Reading(text_column="alt"),
    )
    assert by_field.captions.texts() == ("field",)
    assert open_captioned(tmp_path / "a.tar").captions.texts() == ("text",)


def test_a_column_of_paths_in_a_struct_keeps_its_rows(flat: Files, tmp_path: Path) -> None:
    folder(tmp_path, flat)
    image = pa.array([{"path": name} for name in flat])
    path = parquet(tmp_path / "rows.parquet", pa.table({"image": image, **columns(flat)}))
    source = open_captioned(path, reading=Reading(image_column="image"))
    assert source.captions.texts() == CLEAN
    assert source.labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_what_cannot_be_used_is_named_and_left_out(flat: Files, tmp_path: Path) -> None:
    values = ["ok", "", None, "x" * (LONGEST + 1), "ok", []]
    data = {**flat, "dog-1.png": b"no picture"}
    table = [{"file_name": name, "caption": value} for name, value in zip(data, values, strict=True)]
    folder(tmp_path / "d", {**data, "more.png": flat["cat-0.png"]})
    table += [{"file_name": "gone.png", "caption": "x"}, {"file_name": "dog-2.png", "caption": "again"}]
    jsonl(tmp_path / "d" / "captions.jsonl", table)
    source = open_captioned(tmp_path / "d")
    assert source.ids == source.captions.ids == ("cat-1.png", "dog-2.png")
    assert source.captions.texts() == ("ok", "ok")
    assert dict(source.skipped) == {
        "cat-0.png": "has no caption",
        "cat-2.png": f"has a caption that is too long: {LONGEST + 1:,} characters of at most {LONGEST:,}",
        "dog-0.png": "has no caption",
        "dog-1.png": "has a caption that is empty",
        "dog-2.png": "is listed twice",
        "gone.png": "is not there; paths count from the folder of the table",
        "more.png": "is not named in captions.jsonl",
    }
    with pytest.raises(DataError, match=r"usable to the last file, as strict has it\. Got '.*: 7 cannot be'"):
        open_captioned(tmp_path / "d", reading=Reading(strict=True))


def test_what_cannot_be_used_of_a_tar(flat: Files, tmp_path: Path) -> None:
    names = sorted(flat)
    members = {name: flat[name] for name in names[:4]}
    members |= {"cat-0.txt": b"\xef\xbb\xbfone", "cat-1.txt": b"caf\xe9", "dog-0.txt": b"first", "./dog-0.txt": b"last"}
    source = open_captioned(tarred(tmp_path / "a.tar", members))
    assert source.captions.texts() == ("one", "last")
    assert source.skipped == (
        ("dog-0.txt", "is in the archive twice; the later one counts"),
        ("cat-1.png", "has a caption that is no text in UTF-8"),
        ("cat-2.png", "has no caption"),
    )


WRONG = {
    "bare": r"pictures with captions\. Got 'bare, which has no captions'\. Put a captions\.csv with the columns",
    "two": r"a folder with one file of captions\. Got 'captions\.csv, captions\.tsv'\. Remove the others\.",
    "latin": r"text in UTF-8\. Got 'captions\.csv, line 3: the bytes e9 0a'\. Save it as UTF-8",
    "short": r"a table of 2 values a line\. Got 'captions\.csv, line 2: cat-0\.png'\. Correct the line",
    "headless": r"a table with a column of paths\. Got \['cat-0\.png', 'a cat'\]\. Name the column of paths",
    "void": r"a table with rows\. Got 'metadata\.csv, which is empty'\. Fill it\.",
    "silent": r"a column of the data\. Got None\. Name the column of captions of file_name, kind\.",
    "gone": r"at least one readable picture\. Got 'gone: a\.png is not there; paths count from the folder of the t",
    "bare.tar": r"text_column must be a column of the data\. Got None\. Put KEY\.txt beside KEY\.png\.",
    "other.tar": r"text_column must be a column of the data\. Got None\. Name the column of captions of kind\.",
    "blank.tar": r"at least one has a caption\. Got 'blank\.tar: dog-2\.png has a caption that is empty'\. Name the",
    "other.parquet": r"column of the data\. Got None\. Name the column of captions of image\.bytes, image\.path, kind",
    "*.parquet": r"tables of the same columns\. Got 'other\.parquet without caption'\. Name one of them\.",
    "numbers.arrow": r"has a caption\. Got 'numbers\.arrow: .* has a caption that is no text: it is of type int'",
    "rows.jsonl": r"a JSON object a line\. Got 'rows\.jsonl, line 2: nothing'\. Correct the line",
    "nowhere": r"data must be an existing path or the name of a data set .* Got 'nowhere'\.",
}
"""What a user may name, as `desk` lays it out, and a part of the sentence."""


@pytest.fixture
def desk(flat: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "two/captions.csv": b"file_name,caption\ncat-0.png,a cat\n",
        "two/captions.tsv": b"file_name\tcaption\ncat-0.png\ta cat\n",
        "latin/captions.csv": b"file_name,caption\ncat-0.png,ok\ncat-1.png,caf\xe9\n",
        "short/captions.csv": b"file_name,caption\ncat-0.png\n",
        "headless/captions.csv": b"cat-0.png,a cat\ncat-1.png,a cat\n",
        "void/metadata.csv": b"",
        "silent/metadata.csv": b"file_name,kind\ncat-0.png,x\n",
        "gone/captions.csv": b"file_name,caption\na.png,a cat\n",
    }.items():
        folder(tmp_path / name.partition("/")[0], {**flat, name.partition("/")[2]: text})
    folder(tmp_path / "bare", flat)
    (tmp_path / "rows.jsonl").write_bytes(b'{"path": "bare/cat-0.png", "caption": "a cat"}\nnothing\n')
    keys = [name.removesuffix(".png") for name in flat]
    tarred(tmp_path / "bare.tar", flat)
    tarred(tmp_path / "other.tar", {**flat, **{f"{key}.json": b'{"kind": "x"}' for key in keys}})
    tarred(tmp_path / "blank.tar", {**flat, **{f"{key}.txt": b" " for key in keys}})
    parquet(tmp_path / "captioned.parquet", rows(flat, caption=keys))
    parquet(tmp_path / "other.parquet", rows(flat, kind=keys))
    arrow(tmp_path / "numbers.arrow", rows(flat, caption=list(range(6))))


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("data", WRONG)
def test_wrong_data_gets_one_sentence(data: str) -> None:
    with pytest.raises(DataError, match=WRONG[data]) as caught:
        open_captioned(data, where="test")
    assert str(caught.value).startswith("test: ")
    assert "\n" not in str(caught.value)


def test_wrong_calls(flat: Files, tmp_path: Path) -> None:
    path = in_parquet(tmp_path, flat)
    with pytest.raises(
        DataError, match=r"text_column must be a column of the data\. Got 'captoin'\. Did you mean 'cap"
    ):
        open_captioned(path, reading=Reading(text_column="captoin"))
    with pytest.raises(DataError, match=r"split must be left out for data without splits\. Got 'test'"):
        open_captioned(path, split="test")
    with pytest.raises(DataError, match=r"text_column must be left out for data without columns\. Got 'caption'"):
        open_captioned((np.zeros((1, 4, 4), np.uint8), ["a"]), reading=Reading(text_column="caption"))
    with pytest.raises(DataError, match=r"captions must be one for each of 1 pictures\. Got 2\. Align them"):
        open_captioned((np.zeros((1, 4, 4), np.uint8), ["a", "b"]))
    with pytest.raises(DataError, match=r"data must be a path, .* Got 'Pictures'"):
        open_captioned(open_source(path))
    source = open_captioned(path)
    with pytest.raises(DataError, match=r"split must be None for data that is open\. Got 'train'"):
        open_captioned(source, split="train")
    with pytest.raises(
        DataError, match=r"Captioned: captions must be one text for each of 6 pictures\. Got '2 of text'"
    ):
        Captioned(source.pictures, source.captions.select(np.array([0, 1])))


def test_a_source_goes_to_worker_processes(flat: Files, tmp_path: Path) -> None:
    import pickle

    for put in (in_parquet, in_texts_of_a_tar, in_a_folder):
        source = open_captioned(put(tmp_path / put.__name__, flat))
        again = pickle.loads(pickle.dumps(source))
        assert again.fingerprint == source.fingerprint
        assert np.array_equal(np.asarray(again.read(3)[0]), np.asarray(source.read(3)[0]))


@pytest.mark.parametrize(
    ("name", "split", "count"),
    [
        ("openmoji_72.parquet", "train", 3377),
        ("openmoji_72.parquet", "test", 567),
        ("openmoji_wds", "train", 543 + 542 + 542),
        ("noto_64.parquet", "train", 1620),
        ("noto_64.parquet", "test", 286),
    ],
)
def test_emoji_have_their_captions(name: str, split: str, count: int, shared_data: Callable[[str], Path]) -> None:
    source = open_captioned(shared_data(f"emoji/{name}"), split=split, reading=Reading(label_column="group"))
    assert (len(source), source.skipped, len(source.class_names)) == (count, (), 9)
    assert len(set(source.captions.texts())) == count
    known = {"train": ("1F600", "grinning face"), "test": ("26A1", "high voltage")}[split]
    said = {Path(name).stem: text for name, text in zip(source.ids, source.captions.texts(), strict=True)}
    assert said[known[0]] == known[1]


def test_emoji_shards_are_the_base_emoji_of_the_table(shared_data: Callable[[str], Path]) -> None:
    import pyarrow.parquet as pq

    path = shared_data("emoji/openmoji_72.parquet")
    said = pq.read_table(path, columns=["hexcode", "skintone", "caption"]).to_pylist()
    base = {f"openmoji/{row['hexcode']}.png": row["caption"] for row in said if row["skintone"] == ""}
    reading = Reading(label_column="group")
    table = open_captioned(path, split="test", reading=reading)
    assert all(text == base.get(name, text) for name, text in zip(table.ids, table.captions.texts(), strict=True))
    rows = np.array([row for row, name in enumerate(table.ids) if name in base])
    tars = open_captioned(shared_data("emoji/openmoji_wds"), split="test", reading=reading)
    assert tars.fingerprint == table.select(rows).fingerprint
