import pytest

from nearfar.report.headline import headline


def words(found):
    return " ".join(found.sentence).replace("\N{NO-BREAK SPACE}", " ")


def test_a_good_encoder_is_said_to_be_above_both_baselines(make_scores):
    found = headline(make_scores(), modality="image")
    assert words(found) == (
        "A linear classifier on this encoder reads 87.9 % right: 5.3 points above raw pixels, "
        "8.0 points above the untrained network."
    )
    assert found.verdict == "It is better than every baseline on all 3 probes."


def test_an_encoder_below_a_baseline_is_said_to_be_worse(make_scores):
    found = headline(make_scores(encoder=0.80, raw=0.826), modality="image")
    assert "2.6 points below raw pixels, 0.1 points above the untrained network" in words(found)
    assert "worse in 1 of 6 comparisons: linear classifier against raw pixels." in found.verdict
    assert "Too close to call" in found.verdict
    assert "against the untrained network" in found.verdict


def test_equal_readings_are_level(make_scores):
    assert "level with raw pixels" in words(headline(make_scores(encoder=0.8260, raw=0.8262), modality="image"))


def test_without_baselines_nothing_is_compared(make_scores):
    found = headline({**make_scores(), "baselines": {}}, modality="image")
    assert words(found) == "A linear classifier on this encoder reads 87.9 % right."
    assert found.verdict == ""


def test_other_modalities_have_no_pixels(make_scores):
    assert "above TF-IDF" in words(headline(make_scores(), modality="text"))
    assert "above raw input" in words(headline(make_scores(), modality="audio"))


def test_the_linear_probe_leads_and_unknown_probes_follow(make_scores):
    scores = make_scores()
    scores["scores"] = {"odd_one": {"accuracy": 0.5}, "nothing": {"recall": 0.5}, **scores["scores"]}
    found = headline(scores, modality="image")
    assert [probe.title for probe in found.probes] == [
        "Linear classifier",
        "Few labels",
        "Nearest neighbours",
        "Odd one",
    ]
    assert found.probes[3].marks[0].interval is None
    assert found.probes[1].settings == "10 labels per class, mean of 20 draws"


def test_no_accuracy_is_no_headline():
    assert headline({"scores": {}}, modality="image") is None


@pytest.mark.parametrize(("encoder", "raw"), [(0.879, 0.826), (0.99, 0.02), (0.5, 0.5), (1.0, 0.999)])
def test_the_axis_holds_every_reading_in_order(make_scores, encoder, raw):
    found = headline(make_scores(encoder=encoder, raw=raw), modality="image")
    marks = [mark for probe in found.probes for mark in probe.marks]
    assert all(0 <= mark.at <= 100 for mark in marks)
    ordered = sorted(marks, key=lambda mark: mark.accuracy)
    assert [mark.at for mark in ordered] == sorted(mark.at for mark in marks)
    assert 2 <= len(found.ticks) <= 7
    assert (found.ticks[0][0], found.ticks[-1][0]) == (0, 100)


def test_held_out_data_are_named_as_such(make_scores):
    scores = make_scores()
    assert headline(scores, modality="image").source == (
        "Measured on 2,000 examples of fashion-mini; probes were fitted on 10,000 others."
    )
    scores["data"]["held_out"] = True
    assert "held out by a seeded draw" in headline(scores, modality="image").source


def test_what_belongs_together_is_shown_by_its_own_number():
    ranked = {"accuracy": 0.2, "interval": [0.1, 0.3], "ndcg@10": 0.5, "ndcg@10_low": 0.4, "ndcg@10_high": 0.6}
    both = {way: {"accuracy": at, "interval": [at, at]} for way, at in (("image_to_text", 0.3), ("text_to_image", 0.4))}
    scores = {"sts": {"spearman": -0.1, "interval": [-0.2, 0.0], "pearson": 0.3}, "passages": ranked, "retrieval": both}
    found = headline({"scores": scores, "baselines": {"untrained": scores}}, modality="text")
    shown = {probe.title: [mark.accuracy for mark in probe.marks] for probe in found.probes}
    assert shown == {
        "Pairs with scores, Spearman": [-0.1, -0.1],
        "Passages found, nDCG@10": [0.5, 0.5],
        "Own caption found first": [0.3, 0.3],
        "Own picture found first": [0.4, 0.4],
    }
    assert all(0 <= mark.at <= 100 for probe in found.probes for mark in probe.marks)
    assert " right" not in words(found)
