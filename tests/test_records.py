"""Files of a run are whole or absent, read back as written, and refused where they are not ours."""

import json
import stat
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from nearfar.errors import DataError, RunError
from nearfar.records import SCHEMA, EmbeddingTable, MetricsLog, RunFolder, atomic_write, read_json, write_json


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


class TestAtomicWrite:
    def test_the_file_appears_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "last.ckpt"
        with atomic_write(path) as file:
            file.write(b"new")
            assert not path.exists()
        assert path.read_bytes() == b"new"
        assert names(tmp_path) == {"last.ckpt"}

    def test_a_failure_keeps_the_former_file_and_leaves_no_litter(self, tmp_path: Path) -> None:
        path = tmp_path / "last.ckpt"
        path.write_bytes(b"former")

        def write_half() -> None:
            with atomic_write(path) as file:
                file.write(b"half")
                raise OSError("No space left on device")

        with pytest.raises(OSError, match="No space"):
            write_half()
        assert path.read_bytes() == b"former"
        assert names(tmp_path) == {"last.ckpt"}

    def test_others_may_read_it_as_any_new_file(self, tmp_path: Path) -> None:
        (tmp_path / "plain").touch()
        with atomic_write(tmp_path / "atomic") as file:
            file.write(b"x")
        modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "atomic")}
        assert len(modes) == 1


class TestJson:
    def test_reads_back_what_was_written(self, tmp_path: Path) -> None:
        value = {
            "method": "simclr",
            "seed": 7,
            "name": "Größe",
            "no text": "\udcff",
            "nested": {"list": [1, 2.5, None]},
        }
        write_json(tmp_path / "run.json", value)
        assert read_json(tmp_path / "run.json") == {"schema": SCHEMA, **value}

    def test_refuses_to_write_what_json_cannot_say(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="JSON compliant"):
            write_json(tmp_path / "run.json", {"loss": float("nan")})
        assert names(tmp_path) == set()

    @pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"schema": "1"}'])
    def test_refuses_what_is_not_a_file_of_a_run(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "run.json").write_text(content)
        with pytest.raises(RunError, match=r"run\.json"):
            read_json(tmp_path / "run.json")

    @pytest.mark.usefixtures("as_users_call")
    def test_a_folder_that_is_not_there_is_answered_with_the_nearest_that_is(self, tmp_path: Path) -> None:
        (tmp_path / "first").mkdir()
        write_json(tmp_path / "first/run.json", {})
        with pytest.raises(RunError, match=r"no such folder.*Did you mean '.*first'"):
            read_json(tmp_path / "fist/run.json")
        with pytest.raises(RunError, match="Name a run's folder"):
            read_json(tmp_path / "something else/run.json")

    def test_refuses_a_newer_schema(self, tmp_path: Path) -> None:
        (tmp_path / "run.json").write_text(json.dumps({"schema": SCHEMA + 1}))
        with pytest.raises(RunError, match="Upgrade nearfar"):
            read_json(tmp_path / "run.json")


class TestRunFolder:
    def test_the_module_describes_every_file_and_no_other(self) -> None:
        import nearfar.records as module

        folder = RunFolder(Path("runs/NAME"))
        properties = [name for name, value in vars(RunFolder).items() if isinstance(value, property)]
        described = [
            line.split()[0].rstrip("/") for line in (module.__doc__ or "").splitlines() if "  " in line.strip()
        ]
        assert sorted(getattr(folder, name).name for name in properties) == sorted(described)

    def test_skipped_is_a_table_with_a_head(self, tmp_path: Path) -> None:
        RunFolder(tmp_path).write_skipped([("a, b.png", "truncated"), ("ü.jpg", "no picture")])
        lines = (tmp_path / "skipped.csv").read_text(encoding="utf-8").splitlines()
        assert lines == ["file,reason", '"a, b.png",truncated', "ü.jpg,no picture"]


class TestMetricsLog:
    def write(self, path: Path, steps: range, **options: int) -> None:
        log = MetricsLog(path, **options)
        for step in steps:
            log.append({"step": step, "loss": 1 / step})
        log.close()

    def test_reads_back_what_was_appended(self, tmp_path: Path) -> None:
        self.write(tmp_path / "metrics.jsonl", range(1, 4))
        assert MetricsLog.read(tmp_path / "metrics.jsonl") == [{"step": step, "loss": 1 / step} for step in (1, 2, 3)]

    def test_a_record_is_in_the_file_before_the_log_is_closed(self, tmp_path: Path) -> None:
        log = MetricsLog(tmp_path / "metrics.jsonl")
        log.append({"step": 1})
        assert MetricsLog.read(tmp_path / "metrics.jsonl") == [{"step": 1}]
        log.close()

    def test_a_line_cut_short_is_left_out(self, tmp_path: Path) -> None:
        (tmp_path / "metrics.jsonl").write_bytes(b'{"step": 1}\n{"step": 2, "lo')
        assert MetricsLog.read(tmp_path / "metrics.jsonl") == [{"step": 1}]

    @pytest.mark.parametrize("line", ["5", "[]", '{"loss": 1.0}', '{"step": "one"}'])
    def test_a_line_that_is_no_record_is_left_out(self, tmp_path: Path, line: str) -> None:
        (tmp_path / "metrics.jsonl").write_text(f'{{"step": 1}}\n{line}\n{{"step": 2}}\n')
        assert [record["step"] for record in MetricsLog.read(tmp_path / "metrics.jsonl")] == [1, 2]

    def test_resume_drops_what_came_after_its_checkpoint(self, tmp_path: Path) -> None:
        path = tmp_path / "metrics.jsonl"
        self.write(path, range(1, 8))
        with path.open("ab") as file:
            file.write(b'{"step": 8, "lo')
        self.write(path, range(5, 7), after_step=4)
        assert [record["step"] for record in MetricsLog.read(path)] == [1, 2, 3, 4, 5, 6]

    def test_a_new_run_starts_empty(self, tmp_path: Path) -> None:
        self.write(tmp_path / "metrics.jsonl", range(1, 8))
        self.write(tmp_path / "metrics.jsonl", range(0))
        assert MetricsLog.read(tmp_path / "metrics.jsonl") == []

    def test_a_loss_that_is_no_number_is_refused(self, tmp_path: Path) -> None:
        log = MetricsLog(tmp_path / "metrics.jsonl")
        with pytest.raises(ValueError, match="JSON compliant"):
            log.append({"step": 1, "loss": float("inf")})
        log.close()


def table(**options: object) -> EmbeddingTable:
    vectors = np.arange(12, dtype=np.float32).reshape(4, 3)
    return EmbeddingTable(vectors, ("a", "b", "c", "d"), **options)  # type: ignore[arg-type]


LABELLED = {"labels": np.array([1, 0, -1, 1]), "class_names": ("cat", "dog")}


class TestEmbeddingTable:
    @pytest.mark.parametrize("options", [{}, LABELLED, {"labels": np.array([3, 0, -1, 1])}])
    def test_reads_back_what_was_written(self, tmp_path: Path, options: dict[str, object]) -> None:
        before = table(**options)
        before.write(tmp_path / "vectors.parquet")
        after = EmbeddingTable.read(tmp_path / "vectors.parquet")
        assert (after.ids, after.class_names) == (before.ids, before.class_names)
        assert np.array_equal(after.vectors, before.vectors)
        assert after.vectors.dtype == np.float32
        assert (after.labels is None) == (before.labels is None)
        if before.labels is not None:
            assert np.array_equal(after.labels, before.labels)

    def test_any_reader_of_parquet_finds_its_columns(self, tmp_path: Path) -> None:
        table(**LABELLED).write(tmp_path / "vectors.parquet")
        columns = pq.read_table(tmp_path / "vectors.parquet")
        assert columns.column_names == ["id", "vector", "label", "label_name"]
        assert str(columns.schema.field("vector").type) == "fixed_size_list<element: float>[3]"
        assert columns["label_name"].to_pylist() == ["dog", "cat", None, "dog"]

    def test_an_empty_table_keeps_its_width(self, tmp_path: Path) -> None:
        EmbeddingTable(np.empty((0, 5), np.float32), ()).write(tmp_path / "vectors.parquet")
        assert EmbeddingTable.read(tmp_path / "vectors.parquet").vectors.shape == (0, 5)

    def test_a_name_that_is_no_text_is_written_all_the_same(self, tmp_path: Path) -> None:
        EmbeddingTable(np.zeros((1, 2), np.float32), ("menu\udce9.png",)).write(tmp_path / "vectors.parquet")
        assert EmbeddingTable.read(tmp_path / "vectors.parquet").ids == (r"menu\udce9.png",)

    def test_it_is_an_array_to_numpy(self) -> None:
        assert np.array_equal(np.asarray(table()), table().vectors)
        assert np.asarray(table(), dtype=np.float64).dtype == np.float64
        assert len(table()) == 4

    def test_rows_come_in_the_order_asked_for(self) -> None:
        some = table(**LABELLED).rows([3, 0])
        assert some.ids == ("d", "a")
        assert some.vectors[:, 0].tolist() == [9.0, 0.0]
        assert some.labels is not None
        assert some.labels.tolist() == [1, 1]
        assert some.class_names == ("cat", "dog")

    def test_rows_without_labels_have_none(self) -> None:
        assert table().rows(np.array([1])).labels is None

    @pytest.mark.usefixtures("as_users_call")
    @pytest.mark.parametrize("shape", [(3, 3), (4,), (4, 3, 1)])
    def test_refuses_vectors_that_do_not_match_their_ids(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(ValueError, match=r"vectors must be of shape \(4, d\)"):
            EmbeddingTable(np.zeros(shape, np.float32), ("a", "b", "c", "d"))

    @pytest.mark.parametrize("column", ["id", "vector"])
    def test_refuses_a_table_without_its_columns(self, tmp_path: Path, column: str) -> None:
        table().write(tmp_path / "vectors.parquet")
        pq.write_table(pq.read_table(tmp_path / "vectors.parquet").drop([column]), tmp_path / "other.parquet")
        with pytest.raises(DataError, match=column):
            EmbeddingTable.read(tmp_path / "other.parquet")

    def test_refuses_what_is_no_parquet(self, tmp_path: Path) -> None:
        (tmp_path / "vectors.parquet").write_text("id,vector\n")
        with pytest.raises(DataError, match="parquet"):
            EmbeddingTable.read(tmp_path / "vectors.parquet")
