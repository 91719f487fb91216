"""A tiny instance of every method, and of the networks it may stand on."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from nearfar.methods import (
    ALIGN,
    BYOL,
    CLIP,
    CPC,
    DINO,
    MAE,
    NNCLR,
    VAE,
    Autoencoder,
    BarlowTwins,
    Batch,
    BiGAN,
    ContextPrediction,
    DeepInfoMax,
    DenoisingAutoencoder,
    DrLIM,
    DualEncoder,
    InstDisc,
    Jigsaw,
    LeJEPA,
    MaskedLanguage,
    MatchNet,
    Method,
    MoCo,
    MoCoV3,
    NextSentence,
    NextToken,
    Permutation,
    Quadruplet,
    Rotation,
    SentenceOrder,
    SigLIP,
    SimCLR,
    SimCSE,
    SimSiam,
    SupCon,
    Supervised,
    SwAV,
    Triplet,
    VICReg,
)
from nearfar.networks import SeriesViT, TextTransformer, TwoTowers
from nearfar.views import (
    Draws,
    TextPolicy,
    Tokens,
    given_texts,
    masked_text,
    next_sentences,
    sentence_orders,
    shuffled_text,
    span_crops,
    twins,
)

EXAMPLES = 16
"""How many examples there are in all: a memory bank has a row for each."""


class TinyBackbone(nn.Module):
    """A perceptron on flat pictures: the smallest thing that keeps the contract of a backbone."""

    dim = 16
    location_dim = 16

    def __init__(self, dim_in: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(dim_in, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, self.dim))

    def locations(self, view: Tensor) -> Tensor:
        return self.forward(view)[:, None]

    def with_locations(self, view: Tensor) -> tuple[Tensor, Tensor]:
        h = self.forward(view)
        return h, h[:, None]

    def forward(self, view: Tensor) -> Tensor:
        return self.layers(view.flatten(1))


class TinyViT(nn.Module):
    """A vision transformer of one block, behind the contract of a backbone as nearfar's adapter puts it."""

    dim = 16
    location_dim = 16

    def __init__(self, size: int = 8, patch: int = 2) -> None:
        from timm.models.vision_transformer import VisionTransformer

        super().__init__()
        self.net = VisionTransformer(
            img_size=size, patch_size=patch, in_chans=1, num_classes=0, embed_dim=16, depth=1, num_heads=2
        )

    def forward(self, view: Tensor) -> Tensor:
        return self.net(view)


VOCAB_SIZE, MASK_ID = 40, 4


def tiny_text(*, causal: bool = False) -> nn.Module:
    """A Transformer of one block, which drops nothing: what a test compares must be computed alike."""
    return TextTransformer(VOCAB_SIZE, dim=16, depth=1, heads=2, max_length=24, causal=causal, dropout=0.0)


def tiny_towers() -> nn.Module:
    """A tower of pictures and one of texts."""
    return TwoTowers(TinyBackbone(), tiny_text(), dim=16)


def toy_texts(n: int, *, which: int = 0) -> Tokens:
    """n texts of five to nine tokens in rising order, so that there is an order to be found.

    Args:
        n: how many.
        which: of the texts of each example; the second has later words than the first, the third earlier ones.
    """
    generator = torch.Generator().manual_seed(which)
    lengths = 7 + torch.arange(EXAMPLES) % 5
    least, most = ((5, VOCAB_SIZE), (20, VOCAB_SIZE), (5, 20))[which]
    ids = torch.randint(least, most, (EXAMPLES, 11), generator=generator).sort(dim=1).values
    place = torch.arange(11)
    content = (place > 0) & (place < lengths[:, None] - 1)
    ids = torch.where(content, ids, torch.where(place == 0, 2, torch.where(place == lengths[:, None] - 1, 3, 0)))
    return Tokens(ids, lengths, torch.where(content, place - 1, -1)).rows(slice(n))


@dataclass(frozen=True)
class Case:
    """How to make a method small, and what it is shown.

    Attributes:
        make: backbone -> method.
        network: makes the tiny backbone that it stands on.
        only_vits: whether other backbones than vision transformers are refused.
        num_views: how many views it wants.
        size: side of its pictures; the tiny backbone sees 8 x 8.
        labelled: whether its examples have labels.
        coarse: side of the squares of one light that its pictures are made of; 1 is noise.
        fresh: whether each batch has pictures of its own, instead of those of one small data set.
        rate: at which AdamW brings it below its landmark.
        steps: in which it does.
    """

    make: Callable[[nn.Module], Method]
    network: Callable[[], nn.Module] = TinyBackbone
    only_vits: bool = False
    num_views: int = 2
    size: int = 8
    labelled: bool = True
    coarse: int = 1
    fresh: bool = False
    rate: float = 3e-3
    steps: int = 100

    def batch(
        self, n: int = EXAMPLES, *, seed: int, size: int | None = None, dtype: torch.dtype = torch.float32
    ) -> Batch:
        """The first n examples as one step sees them."""
        return toy_batch(
            n,
            num_views=self.num_views,
            seed=seed,
            size=size or self.size,
            labelled=self.labelled,
            fresh=self.fresh,
            coarse=self.coarse,
            dtype=dtype,
        )


@dataclass(frozen=True, kw_only=True)
class TextCase(Case):
    """A method on texts.

    Attributes:
        policy: makes its views.
    """

    policy: TextPolicy
    network: Callable[[], nn.Module] = tiny_text

    def batch(
        self, n: int = EXAMPLES, *, seed: int, size: int | None = None, dtype: torch.dtype = torch.float32
    ) -> Batch:
        """The first n examples as one step sees them; numbers of tokens have no precision and texts no size."""
        index = torch.arange(n)
        draws = Draws.of(0, seed, index)
        takes = self.policy.takes
        texts = tuple(toy_texts(n, which=which) for which in range(len(takes)))
        views = self.policy(texts if takes != ("text",) else texts[0], draws)
        return Batch(views, index % 4 if self.labelled else None, index, draws.keys)


@dataclass(frozen=True, kw_only=True)
class PairCase(Case):
    """A method on pictures with captions."""

    network: Callable[[], nn.Module] = tiny_towers

    def batch(
        self, n: int = EXAMPLES, *, seed: int, size: int | None = None, dtype: torch.dtype = torch.float32
    ) -> Batch:
        """The first n examples as one step sees them."""
        pictures = super().batch(n, seed=seed, size=size, dtype=dtype)
        return pictures._replace(views=(*pictures.views, toy_texts(n)))


def tiny_series_vit() -> nn.Module:
    """A vision transformer of one block over series of 32 steps in patches of 4."""
    return SeriesViT(length=32, channels=2, patch=4, dim=16, depth=1, heads=2)


@dataclass(frozen=True, kw_only=True)
class SeriesCase(Case):
    """A method on series of two channels, which hold what its pictures would."""

    def batch(
        self, n: int = EXAMPLES, *, seed: int, size: int | None = None, dtype: torch.dtype = torch.float32
    ) -> Batch:
        """The first n examples as one step sees them."""
        pictures = super().batch(n, seed=seed, size=size, dtype=dtype)
        return pictures._replace(views=tuple(view.reshape(n, 2, -1) for view in pictures.views))


def wide_backbone() -> nn.Module:
    """The tiny backbone for pictures of 16 x 16, at which methods with a decoder are small and still have stages."""
    return TinyBackbone(256)


SPECIAL = {"cls_id": 2, "sep_id": 3, "max_length": 24}
REBUILT: dict[str, Any] = {"network": wide_backbone, "num_views": 1, "size": 16, "rate": 1e-2, "steps": 60}
DECODED: dict[str, Any] = {"latent_dim": 8, "shape": (1, 16, 16)}
OF_SERIES: dict[str, Any] = {**DECODED, "shape": (2, 128)}
HIDDEN: dict[str, Any] = {"mask_ratio": 0.5, "normalize": False, "decoder_dim": 16, "decoder_depth": 1}

CASES = {
    "autoencoder": Case(lambda backbone: Autoencoder(backbone, decoder_width=8, **DECODED), **REBUILT),
    "barlowtwins": Case(lambda backbone: BarlowTwins(backbone, hidden_dim=32, projection_dim=8)),
    "bigan": Case(lambda backbone: BiGAN(backbone, generator_width=4, discriminator_width=4, **DECODED), **REBUILT),
    "byol": Case(lambda backbone: BYOL(backbone, hidden_dim=32, projection_dim=8, momentum=0.9)),
    "contextprediction": Case(
        lambda backbone: ContextPrediction(backbone, tile=1.0, hidden_dim=32), num_views=1, size=24, rate=1e-2, steps=50
    ),
    "cpc": Case(lambda backbone: CPC(backbone, grid=3, patch=0.5, num_rows=2, latent_dim=8), num_views=1, size=16),
    "deepinfomax": Case(lambda backbone: DeepInfoMax(backbone, embedding_dim=16), num_views=1),
    "denoisingautoencoder": Case(
        lambda backbone: DenoisingAutoencoder(backbone, strength=0.2, decoder_width=8, **DECODED), **REBUILT
    ),
    "dino": Case(
        lambda backbone: DINO(backbone, hidden_dim=32, projection_dim=8, num_prototypes=12, momentum=0.9, freeze=0.05),
        num_views=3,
    ),
    "drlim": Case(lambda backbone: DrLIM(backbone, hidden_dim=32, projection_dim=8)),
    "instdisc": Case(lambda backbone: InstDisc(backbone, num_examples=EXAMPLES, projection_dim=8), num_views=1),
    "jigsaw": Case(
        lambda backbone: Jigsaw(backbone, num_orders=4, grid=2, tile=1.0, tile_dim=16, hidden_dim=32),
        num_views=1,
        size=16,
        rate=1e-2,
        steps=30,
    ),
    "lejepa": Case(lambda backbone: LeJEPA(backbone, hidden_dim=32, projection_dim=4, num_directions=32), num_views=3),
    "mae": Case(
        lambda backbone: MAE(backbone, **HIDDEN),
        network=TinyViT,
        only_vits=True,
        num_views=1,
        coarse=4,
        rate=2e-2,
    ),
    "matchnet": Case(lambda backbone: MatchNet(backbone, bottleneck_dim=8, hidden_dim=32)),
    "moco": Case(lambda backbone: MoCo(backbone, hidden_dim=32, projection_dim=8, queue_size=20, momentum=0.9)),
    "mocov3": Case(lambda backbone: MoCoV3(backbone, hidden_dim=32, projection_dim=8, momentum=0.9)),
    "nnclr": Case(lambda backbone: NNCLR(backbone, hidden_dim=32, projection_dim=8, queue_size=20)),
    "quadruplet": Case(lambda backbone: Quadruplet(backbone, hidden_dim=32, projection_dim=8)),
    "rotation": Case(lambda backbone: Rotation(backbone), num_views=1, rate=1e-2, steps=60),
    "simclr": Case(lambda backbone: SimCLR(backbone, hidden_dim=32, projection_dim=8), fresh=True),
    "simsiam": Case(lambda backbone: SimSiam(backbone, projection_dim=16, hidden_dim=8)),
    "supcon": Case(lambda backbone: SupCon(backbone, hidden_dim=32, projection_dim=8), labelled=False),
    "supervised": Case(lambda backbone: Supervised(backbone, num_classes=4), num_views=1),
    "swav": Case(
        lambda backbone: SwAV(
            backbone, hidden_dim=32, projection_dim=8, num_prototypes=12, queue_size=20, queue_start=0.01, freeze=0.02
        ),
        num_views=3,
    ),
    "triplet": Case(lambda backbone: Triplet(backbone, hidden_dim=32, projection_dim=8)),
    "vae": Case(lambda backbone: VAE(backbone, beta=0.1, decoder_width=8, **DECODED), **REBUILT | {"steps": 80}),
    "autoencoder-series": SeriesCase(lambda backbone: Autoencoder(backbone, decoder_width=8, **OF_SERIES), **REBUILT),
    "denoisingautoencoder-series": SeriesCase(
        lambda backbone: DenoisingAutoencoder(backbone, strength=0.2, decoder_width=8, **OF_SERIES), **REBUILT
    ),
    "mae-series": SeriesCase(
        lambda backbone: MAE(backbone, **HIDDEN),
        network=tiny_series_vit,
        only_vits=True,
        num_views=1,
        coarse=4,
        rate=1e-2,
        steps=300,
    ),
    "vae-series": SeriesCase(
        lambda backbone: VAE(backbone, beta=0.1, decoder_width=8, **OF_SERIES), **REBUILT | {"steps": 150}
    ),
    "clip": PairCase(CLIP, num_views=1),
    "align": PairCase(ALIGN, num_views=1, steps=200),
    "siglip": PairCase(SigLIP, num_views=1),
    "dualencoder": TextCase(DualEncoder, policy=given_texts()),
    "nextsentence": TextCase(NextSentence, policy=next_sentences(**SPECIAL), rate=1e-2),
    "sentenceorder": TextCase(SentenceOrder, policy=sentence_orders(**SPECIAL), rate=1e-2),
    "simcse": TextCase(SimCSE, policy=span_crops()),
    "maskedlanguage": TextCase(
        MaskedLanguage, policy=masked_text(mask_id=MASK_ID, vocab_size=VOCAB_SIZE, fraction=0.3), rate=1e-2, steps=150
    ),
    "nexttoken": TextCase(NextToken, network=partial(tiny_text, causal=True), policy=twins(1), rate=1e-2),
    "permutation": TextCase(
        lambda backbone: Permutation(backbone, hidden_dim=32), policy=shuffled_text(), rate=5e-3, steps=400
    ),
    "vicreg": Case(lambda backbone: VICReg(backbone, hidden_dim=32, projection_dim=8)),
}


def toy_batch(
    n: int,
    *,
    num_views: int,
    seed: int,
    size: int = 8,
    labelled: bool = True,
    fresh: bool = True,
    coarse: int = 1,
    dtype: torch.dtype = torch.float32,
) -> Batch:
    """n pictures of four kinds, seen through noise: alike enough to learn, different enough to tell apart."""
    generator = torch.Generator().manual_seed(seed)
    pictures = torch.randn(n, 1, size, size, generator=generator, dtype=dtype)
    kind = torch.arange(n) % 4
    if not fresh:
        fixed = torch.Generator().manual_seed(size)
        kinds = torch.randn(4, 1, size, size, generator=fixed, dtype=dtype)
        pictures = (torch.randn(n, 1, size, size, generator=fixed, dtype=dtype) + kinds[kind]) / 2**0.5
    if coarse > 1:
        pictures = pictures[:, :, ::coarse, ::coarse].repeat_interleave(coarse, 2).repeat_interleave(coarse, 3)
    views = tuple(
        pictures + 0.3 * torch.randn(pictures.shape, generator=generator, dtype=dtype) for _ in range(num_views)
    )
    index = torch.arange(n)
    return Batch(views, kind if labelled else None, index, Draws.of(0, seed, index).keys)


def rows_of(batch: Batch, choose: Callable[[Tensor], Tensor]) -> Batch:
    """Some of the examples of a batch: `choose` takes the same rows of everything that it has of them."""
    return Batch(*tree_map(lambda x: x if x is None else choose(x), tuple(batch)))
