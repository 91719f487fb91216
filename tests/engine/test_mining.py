"""Hard negatives: the nearest passage that is none of its question's own, found exactly."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from nearfar.data import Sentences
from nearfar.engine import mine_negatives
from nearfar.errors import DataError
from nearfar.records import EmbeddingTable


@dataclass
class Angles:
    """Embeds a text that is a number as the direction of that many degrees."""

    asked: int = 0

    def embed(self, source: Sentences, **_: Any) -> EmbeddingTable:
        self.asked += len(source)
        angle = np.radians([float(text.split()[-1]) for text in source.texts()])
        return EmbeddingTable(np.stack([np.cos(angle), np.sin(angle)], 1).astype(np.float32), tuple(source.ids))


def pairs(*rows: tuple[str, str], **more: Any) -> Sentences:
    texts = {"anchor": [question for question, _ in rows], "positive": [passage for _, passage in rows]}
    return Sentences(texts, name="pairs", **more)


@pytest.mark.usefixtures("as_users_call")
class TestMining:
    def test_each_pair_gets_the_nearest_passage_of_another_question(self) -> None:
        source = pairs(("q 0", "10"), ("q 50", "40"), ("q 100", "90"), labels=np.array([3, 1, 2]), class_names="abcd")
        encoder = Angles()
        found = mine_negatives(encoder, source)  # type: ignore[arg-type]
        assert found.roles == ("anchor", "positive", "negative")
        assert found.texts("anchor") == source.texts("anchor")
        assert found.texts("positive") == source.texts("positive")
        assert found.texts("negative") == ("40", "10", "40")
        assert (found.ids, found.labels.tolist()) == (source.ids, [3, 1, 2])
        assert encoder.asked == 6

    def test_no_answer_of_the_question_is_its_negative(self) -> None:
        source = pairs(("q 0", "1"), ("q 0", "5"), ("q 0", "9"), ("q 90", "30"), ("q 91", "1"))
        found = mine_negatives(Angles(), source)  # type: ignore[arg-type]
        assert found.texts("negative") == ("30", "30", "30", "9", "30")

    def test_nor_is_the_question_itself(self) -> None:
        source = pairs(("20", "30"), ("30", "20"), ("q 50", "70"))
        assert mine_negatives(Angles(), source).texts("negative") == ("70", "70", "30")  # type: ignore[arg-type]

    def test_the_first_may_be_passed_over(self) -> None:
        source = pairs(*((f"q {angle}", f"{angle}") for angle in (0, 10, 25, 45)))
        found = mine_negatives(Angles(), source, skip=1)  # type: ignore[arg-type]
        assert found.texts("negative") == ("25", "25", "45", "10")

    def test_it_is_the_same_as_looking_at_every_pair(self) -> None:
        random = np.random.default_rng(0)
        angles = random.permutation(3600)[:120] / 10
        rows = [(f"q {angles[number % 40]}", f"{angles[40 + number % 70]}") for number in range(80)]
        found = mine_negatives(Angles(), pairs(*rows))  # type: ignore[arg-type]
        passages = {passage for _, passage in rows}
        for (question, _), negative in zip(rows, found.texts("negative"), strict=True):
            own = {passage for asked, passage in rows if asked == question}
            away = {p: abs((float(p) - float(question[2:]) + 180) % 360 - 180) for p in passages - own}
            assert away[negative] == pytest.approx(min(away.values()), abs=1e-3)

    def test_wrong_calls_get_a_sentence(self) -> None:
        source = pairs(("q 0", "1"), ("q 0", "2"))
        with pytest.raises(DataError, match=r"^mine_negatives: source must be pairs with at least 1 .* Got 0\. "):
            mine_negatives(Angles(), source)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=r"^mine_negatives: skip must be at least 0\. Got -1\. Try 0\.$"):
            mine_negatives(Angles(), source, skip=-1)  # type: ignore[arg-type]
        with pytest.raises(DataError, match="role must be one of text"):
            mine_negatives(Angles(), Sentences({"text": ["a"]}, name="texts"))  # type: ignore[arg-type]
