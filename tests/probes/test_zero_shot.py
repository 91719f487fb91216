"""Classes known by their names alone, against loops in float64."""

import numpy as np
import pytest

from nearfar.probes import wilson_interval, zero_shot


def drawn(n: int = 60, classes: int = 4, templates: int = 3, noise: float = 1.0) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(0)
    names = random.normal(size=(classes, 8))
    labels = random.integers(0, classes, n)
    pictures = names[labels] + noise * random.normal(size=(n, 8))
    scales = random.uniform(0.1, 20, (classes, templates, 1))  # a long prompt must not outvote the others
    return pictures, labels, scales * (names[:, None] + random.normal(size=(classes, templates, 8)))


def test_it_is_the_nearest_of_averaged_templates() -> None:
    pictures, labels, prompts = drawn()
    right = 0
    for picture, label in zip(pictures, labels, strict=True):
        cosines = []
        for own in prompts:
            mean = sum(each / np.linalg.norm(each) for each in own) / len(own)
            cosines.append(picture @ mean / np.linalg.norm(mean))
        right += int(np.argmax(cosines) == label)
    score = zero_shot(pictures, labels, prompts)
    assert 0.4 < score.accuracy < 1.0
    assert score.accuracy == pytest.approx(right / 60)
    assert score.interval == wilson_interval(score.accuracy, 60)
    assert score.settings == {"test_rows": 60, "classes": 4, "templates": 3}


def test_landmarks() -> None:
    pictures, labels, prompts = drawn(noise=0.0)
    names = np.stack([pictures[labels == label][:1] for label in range(4)])
    assert zero_shot(pictures, labels, names).accuracy == 1.0
    noise = np.random.default_rng(1).normal(size=(4000, 8))
    assert zero_shot(noise, np.arange(4000) % 4, prompts).accuracy == pytest.approx(0.25, abs=0.03)
    assert zero_shot(np.ones((40, 8)), np.arange(40) % 4, np.ones((4, 1, 8))).accuracy == 0.25


def test_pictures_without_a_label_are_left_out() -> None:
    pictures, labels, prompts = drawn()
    some = np.where(np.arange(60) < 30, labels, -1)
    assert zero_shot(pictures, some, prompts) == zero_shot(pictures[:30], labels[:30], prompts)


def test_wrong_calls() -> None:
    pictures, labels, prompts = drawn()
    with pytest.raises(ValueError, match=r"zero_shot: prompts must be of shape \(classes, templates, 8\)"):
        zero_shot(pictures, labels, prompts[:, 0])
    with pytest.raises(ValueError, match=r"zero_shot: labels must be at least one from 0 to 2\. Got 3"):
        zero_shot(pictures, labels, prompts[:3])
    with pytest.raises(ValueError, match=r"zero_shot: labels .* Got 'none'"):
        zero_shot(pictures, np.full(60, -1), prompts)
    with pytest.raises(ValueError, match="prompts must be finite"):
        zero_shot(pictures, labels, np.full_like(prompts, np.inf))
