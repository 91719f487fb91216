"""A sweep from its records: who is best, what each setting did, and how well scores without labels chose."""

import base64
import hashlib
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import spearmanr

from nearfar.errors import RunError
from nearfar.records import RunFolder, SweepFolder, write_json
from nearfar.report import LABEL_FREE, effects, read_sweep, write_sweep
from nearfar.report.choosing import FEWEST

ASKED = {
    "method": "simclr", "data": "birds", "name": "birds", "fingerprint": "f" * 64, "examples": 800, "split": None,
    "test": None, "probes": ["linear", "knn"], "by": "linear", "study": None, "sampler": "grid", "trials": None,
    "grid": {"temperature": [0.1, 0.2]},
}  # fmt: skip


def trial(number: int, settings: dict[str, Any], accuracy: float | None, **more: Any) -> dict[str, Any]:
    """A trial's record; without an accuracy it has failed."""
    name = "_".join(f"{name}-{value}" for name, value in settings.items())
    record = {"number": number, "name": name, "settings": settings, "state": "done", "seconds": 60.0, "width": 128}
    if accuracy is None:
        return record | {"state": "failed", "said": "step 7: loss must be finite.", "seconds": 0.0} | more
    scores = {
        probe: {"accuracy": accuracy, "interval": [accuracy - 0.02, accuracy + 0.02]} for probe in ("linear", "knn")
    }
    return record | {"scores": scores, "label_free": {"lidar": 100 * accuracy, "uniformity": accuracy}} | more


def folder(root: Path, records: list[dict[str, Any]], **asked: Any) -> Path:
    files = SweepFolder(root / "sweep")
    files.trials.mkdir(parents=True)
    write_json(files.sweep, {"asked": ASKED | asked})
    for record in records:
        files.write_trial(record)
        run = RunFolder(files.run(record["name"]))
        run.path.mkdir(parents=True)
        write_json(run.run, {"method": "simclr", "paper": "SimCLR, Chen et al."})
    return files.path


def two_settings(root: Path) -> Path:
    """Temperatures that matter, batches that do not, two seeds; the hottest fails at one batch."""
    records = []
    for number, (seed, temperature, batch) in enumerate(itertools.product((0, 1), (0.1, 0.2, 0.5), (64, 128))):
        settings = {"temperature": temperature, "batch_size": batch, "seed": seed, "steps": 100}
        fails = temperature == 0.5 and batch == 64
        records.append(trial(number, settings, None if fails else 0.8 - temperature / 2 + seed / 100))
    return folder(root, records)


def test_seeds_of_one_combination_are_one_group_and_the_best_comes_first(tmp_path: Path) -> None:
    found = read_sweep(two_settings(tmp_path))
    assert found.varied == ("temperature", "batch_size")
    assert [group.name for group in found.groups][:2] == [
        "temperature 0.1, batch size 64", "temperature 0.1, batch size 128",
    ]  # fmt: skip
    best = found.groups[0].readings["linear"]
    assert (best.mean, best.low, best.high) == pytest.approx((0.755, 0.75, 0.76))
    assert (len(found.done), len(found.failed), len(found.groups)) == (10, 2, 5)
    assert found.verdict == (
        "temperature 0.1, batch size 64 and temperature 0.1, batch size 128 lead by linear classifier, 0.0 points "
        "apart: too close to call."
    )


def test_a_clear_winner_is_called_one(tmp_path: Path) -> None:
    records = [
        trial(number, {"temperature": t}, accuracy) for number, (t, accuracy) in enumerate([(0.1, 0.7), (0.2, 0.8)])
    ]
    found = read_sweep(folder(tmp_path, records))
    assert found.verdict == "temperature 0.2 is best by linear classifier, 10.0 points from temperature 0.1."


def test_without_labels_a_score_without_labels_ranks_by_its_own_direction(tmp_path: Path) -> None:
    records = [
        trial(number, {"temperature": t}, 0.5, scores={}, label_free={"uniformity": value})
        for number, (t, value) in enumerate([(0.1, -1.0), (0.2, -3.0), (0.5, -2.0)])
    ]
    found = read_sweep(folder(tmp_path, records, probes=[], by="uniformity"))
    assert [group.name for group in found.groups] == ["temperature 0.2", "temperature 0.5", "temperature 0.1"]
    assert found.choices == ()
    assert found.choice_verdict == "There are no labels here to say how well these scores choose."


def test_alpha_is_best_near_1() -> None:
    values = [0.2, 0.9, 1.3, 2.5]
    assert max(values, key=LABEL_FREE["alpha_req"].value) == 0.9


def choosing(root: Path, accuracies: list[float], lidar: list[float], **more: Any) -> Path:
    records = [
        trial(number, {"temperature": number / 10}, accuracy, label_free={"lidar": value, "uniformity": -value}, **more)
        for number, (accuracy, value) in enumerate(zip(accuracies, lidar, strict=True))
    ]
    return folder(root, records)


ACCURACIES = [0.5, 0.62, 0.55, 0.7, 0.66, 0.58]


@pytest.mark.parametrize(
    ("lidar", "picked"),
    [
        ([5.0, 12.0, 7.0, 30.0, 22.0, 9.0], 3),
        ([30.0, 9.0, 22.0, 5.0, 7.0, 12.0], 0),
        ([5.0, 12.0, 30.0, 7.0, 22.0, 9.0], 2),
    ],
)
def test_what_scores_without_labels_would_have_chosen(lidar: list[float], picked: int, tmp_path: Path) -> None:
    found = read_sweep(choosing(tmp_path, ACCURACIES, lidar))
    choices = {choice.score: choice for choice in found.choices}
    assert choices["lidar"].correlation == pytest.approx(spearmanr(lidar, ACCURACIES).statistic)
    assert choices["uniformity"].correlation == pytest.approx(choices["lidar"].correlation), "lower is better there"
    assert choices["lidar"].picked.number == picked
    assert choices["lidar"].accuracy == ACCURACIES[picked]
    low, high = choices["lidar"].interval
    assert -1 <= low <= choices["lidar"].correlation <= high <= 1
    assert high - low > 0.3, "six trials prove little, even in perfect order"


def test_the_interval_of_a_correlation_is_that_of_the_paper(tmp_path: Path) -> None:
    lidar = [5.0, 12.0, 30.0, 7.0, 22.0, 9.0]
    (choice,) = [one for one in read_sweep(choosing(tmp_path, ACCURACIES, lidar)).choices if one.score == "lidar"]
    # Spearman's 0.0857 of 6: atanh 0.0859, standard error sqrt((1 + 0.0037) / 3) = 0.5784.
    assert choice.correlation == pytest.approx(0.085714, abs=1e-5)
    assert choice.interval == pytest.approx((-0.7810, 0.8397), abs=1e-3)


def test_chance_and_widths_are_said(tmp_path: Path) -> None:
    weak = read_sweep(choosing(tmp_path / "weak", ACCURACIES, [5.0, 12.0, 30.0, 7.0, 22.0, 9.0]))
    assert "do not tell this from chance" in weak.choice_verdict
    assert "the best reads 70.0 %, the median 60.0 %" in weak.choice_verdict
    strong = choosing(tmp_path / "strong", ACCURACIES, [5.0, 12.0, 7.0, 30.0, 22.0, 9.0])
    assert "chance" not in read_sweep(strong).choice_verdict
    files = SweepFolder(strong)
    files.write_trial(files.read_trials()[0] | {"width": 512})
    assert "differ in width" in read_sweep(strong).choice_verdict


def test_few_trials_and_equal_ones_tell_nothing(tmp_path: Path) -> None:
    few = read_sweep(choosing(tmp_path / "few", ACCURACIES[: FEWEST - 1], [1.0, 2.0, 3.0]))
    assert few.choices == ()
    assert few.choice_verdict.startswith("Fewer than 4 trials tell nothing")
    same = read_sweep(choosing(tmp_path / "same", ACCURACIES, [3.0] * 6))
    assert [choice.correlation for choice in same.choices] == [None, None]


def test_the_effect_of_a_setting_is_over_whatever_the_others_were(tmp_path: Path) -> None:
    temperature, batch = effects(read_sweep(two_settings(tmp_path)))
    assert (temperature.name, batch.name) == ("temperature", "batch size")
    assert [mark.mean[0] for mark in temperature.marks] == ["75.5 %", "70.5 %", "55.5 %"]
    assert [len(mark.points) for mark in temperature.marks] == [4, 4, 2]
    assert [mark.box is not None for mark in temperature.marks] == [True, True, False]
    assert temperature.says == "0.1 has the highest mean, 20.0 points above 0.5"
    heights = [mark.mean[1] for mark in temperature.marks]
    assert heights == sorted(heights), "the drawing's zero is at the top"


def test_names_have_rows_and_many_numbers_stretches(tmp_path: Path) -> None:
    named = [
        trial(number, {"without": value}, 0.5 + number / 10) for number, value in enumerate([[], ["flip"], ["crop"]])
    ]
    (rows,) = effects(read_sweep(folder(tmp_path / "a", named)))
    assert not rows.numeric
    assert [mark.label for mark in rows.marks] == ["none", "flip", "crop"]
    drawn = [trial(number, {"learning_rate": 10 ** -(number / 5)}, 0.5 + number / 100) for number in range(20)]
    (line,) = effects(read_sweep(folder(tmp_path / "b", drawn)))
    assert len(line.marks) == 5
    assert [len(mark.points) for mark in line.marks] == [4] * 5
    gaps = [b - a for a, b in itertools.pairwise(x for mark in line.marks for x, _, _ in mark.points)]
    assert max(gaps) - min(gaps) < 0.3, "a range of decades is drawn by its logarithm"


def test_the_page_holds_it_all_and_runs_no_script_but_its_own(tmp_path: Path) -> None:
    path = two_settings(tmp_path)
    (path / "runs" / "temperature-0.1_batch_size-64_seed-0_steps-100" / "report.html").write_text("page")
    text = write_sweep(read_sweep(path)).read_text(encoding="utf-8")
    assert ">SimCLR<" in text
    assert 'href="runs/temperature-0.1_batch_size-64_seed-0_steps-100/report.html"' in text
    assert 'href="runs/temperature-0.1_batch_size-128_seed-0_steps-100/"' in text, "no page there yet"
    assert text.count("step 7: loss must be finite.") == 2
    assert text.count('<svg viewBox="-44') == 2
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)


def test_names_cannot_break_the_page(tmp_path: Path) -> None:
    odd = "</script><b>"
    records = [trial(number, {"backbone": name}, 0.5, name=f"{number}") for number, name in enumerate((odd, "small"))]
    path = folder(tmp_path, records, name=odd)
    assert odd not in write_sweep(read_sweep(path)).read_text(encoding="utf-8")


def test_a_sweep_that_has_nothing_yet_has_a_page(tmp_path: Path) -> None:
    begun = [trial(0, {"temperature": 0.1}, 0.5) | {"state": "begun", "scores": {}, "label_free": {}}]
    for records in ([], begun, [trial(0, {"temperature": 0.1}, None)]):
        path = folder(tmp_path / str(len(list(tmp_path.iterdir()))), records)
        text = write_sweep(read_sweep(path)).read_text(encoding="utf-8")
        assert "No trial is done yet." in text


def test_json_holds_trials_groups_and_choices(tmp_path: Path) -> None:
    found = json.loads(json.dumps(read_sweep(two_settings(tmp_path)).as_dict(), allow_nan=False))
    assert [one["state"] for one in found["trials"]].count("failed") == 2
    assert found["groups"][0]["scores"]["linear"]["mean"] == pytest.approx(0.755)
    assert found["label_free"]["scores"]["lidar"]["spearman"] == pytest.approx(1.0)


def test_a_folder_without_a_sweep_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"sweep\.json must be in the folder"):
        read_sweep(tmp_path)
