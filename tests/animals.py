"""Questions where animals are, passages that answer them, and an untrained encoder of both."""

from nearfar.data import Sentences, Tokenizer
from nearfar.engine import Encoder, TextSpec

__all__ = ["COUNT", "animal_encoder", "animal_pairs"]

COUNT = 40
ANIMALS = ["cod", "eel", "pike", "carp", "newt", "toad", "swan", "duck", "hare", "mole"]
PLACES = ["river", "lake", "wood", "field", "marsh", "hill", "shore", "barn"]


def animal_pairs() -> Sentences:
    """Questions and passages; the second question has two, and two questions share one."""
    named = [(ANIMALS[row % len(ANIMALS)], PLACES[row * 3 % len(PLACES)]) for row in range(COUNT)]
    anchors = [f"where is the {animal} number {row}" for row, (animal, _) in enumerate(named)]
    positives = [f"number {row} of the {animal} lives by the {place}" for row, (animal, place) in enumerate(named)]
    anchors[0], positives[5] = anchors[1], positives[4]
    return Sentences({"anchor": anchors, "positive": positives}, name="questions")


def animal_encoder() -> Encoder:
    """A small Transformer."""
    pairs = animal_pairs()
    tokenizer = Tokenizer.train(pairs.texts("anchor") + pairs.texts("positive"), vocab_size=320)
    spec = TextSpec(backbone="transformer", seed=0, tokenizer=tokenizer.to_json(), max_length=32, dim=32, depth=1)
    return Encoder(spec, spec.build())
