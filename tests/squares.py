"""Sixty-four pictures of one square each, with captions that say which."""

from itertools import product

import numpy as np

from nearfar.data import Captioned, Sentences, Tokenizer, open_source
from nearfar.engine import ImageSpec, ImageTextSpec, TextSpec
from nearfar.views import ImageView, PairPolicy, Policy, twins

__all__ = ["pair_policy", "squares", "towers_spec"]

SIZE = 8
MEAN, STD = (0.5,) * 3, (0.25,) * 3
COLORS = {"red": (220, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 220), "yellow": (220, 220, 30)}
PLACES = {"top left": (0, 0), "top right": (0, 4), "bottom left": (4, 0), "bottom right": (4, 4)}
SIDES = {"small": 2, "large": 4}
GROUNDS = {"white": 250, "black": 5}


def squares() -> Captioned:
    """Every colour at every place in two sizes on two grounds; the colour is the class."""
    captions, pictures, labels = [], [], []
    for side, color, place, ground in product(SIDES, COLORS, PLACES, GROUNDS):
        picture = np.full((SIZE, SIZE, 3), GROUNDS[ground], dtype=np.uint8)
        top, left = PLACES[place]
        picture[top : top + SIDES[side], left : left + SIDES[side]] = COLORS[color]
        pictures.append(picture)
        captions.append(f"a {side} {color} square at the {place} on {ground}")
        labels.append(color)
    source = open_source((np.stack(pictures), np.array(labels)))
    return Captioned(source, Sentences({"text": captions}, name="squares"))


def towers_spec(*, seed: int = 0) -> ImageTextSpec:
    """Small towers for them."""
    tokenizer = Tokenizer.train(squares().captions.texts(), vocab_size=320)
    return ImageTextSpec(
        backbone="small+gru",
        seed=seed,
        image=ImageSpec(backbone="small", seed=seed, stem=None, size=SIZE, channels=3, mean=MEAN, std=STD),
        text=TextSpec(backbone="gru", seed=seed, tokenizer=tokenizer.to_json(), max_length=48, dim=32, depth=1),
        dim=32,
    )


def pair_policy() -> PairPolicy:
    """A crop that changes no colour and mirrors nothing, and the caption as it is."""
    view = ImageView(size=SIZE, mean=MEAN, std=STD, crop_scale=(0.9, 1.0), flip=0.0, jitter=0.0, grayscale=0.0)
    return PairPolicy(Policy((view,)), twins(1))
