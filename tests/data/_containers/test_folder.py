import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from packing import Files

from nearfar.data import open_source
from nearfar.data._containers.folder import FolderStore

Write = Callable[..., Path]


@pytest.mark.parametrize("name", ["猫.png", "ёж/ёж.png", "caf\u00e9.png", "cafe\u0301.png", "🐱.png", "a b\n'c.png"])
def test_names_in_any_script_survive(name: str, files: Files, write: Write) -> None:
    source = open_source(write({name: files["cat/0.png"], "z/1.png": files["cat/1.png"]}))
    assert name in source.ids
    assert pickle.loads(pickle.dumps(source)).fingerprint == source.fingerprint


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep names as text")
def test_a_name_that_is_no_text_can_be_written_all_the_same(files: Files, write: Write) -> None:
    folder = write(files)
    (folder / os.fsdecode(b"cat/\xff.png")).write_bytes(files["cat/0.png"])
    source = open_source(folder)
    assert source.ids == (*list(files)[:3], "cat/\\xff.png", *list(files)[3:])
    assert source.hashes[3] == source.hashes[0]


def test_links_that_lead_nowhere_are_named(files: Files, write: Write) -> None:
    folder = write(files)
    (folder / "cat/gone.png").symlink_to(folder / "nothing.png")
    (folder / "notes").symlink_to(folder / "nothing")
    assert open_source(folder).skipped == (("cat/gone.png", "is a link that leads nowhere"),)


def test_a_folder_that_is_closed_is_named(files: Files, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = os.scandir

    def scandir(path: Path) -> object:
        if path.name == "dog":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert open_source(write(files)).skipped == (("dog/", "cannot be opened: Permission denied"),)


def test_a_worker_is_sent_no_string_for_each_picture() -> None:
    store = FolderStore(Path("pictures"), [f"cat/{number:06d}.png" for number in range(1000)])
    assert store.path(7) == Path("pictures/cat/000007.png")
    assert len(pickle.dumps(store)) < 1000 * len("cat/000000.png") + 1000
