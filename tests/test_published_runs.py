"""Runs that begin from a published vision transformer: its encoder, and for MAE its decoder too."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from published_vits import DECODER, authors_names, timms_vit, write_authors

import nearfar
from nearfar.engine import load_checkpoint
from nearfar.errors import DataError, RunError
from nearfar.records import read_json

UNMOVED = {"steps": 1, "batch_size": 4, "learning_rate": 1e-12, "weight_decay": 0.0, "precision": "32-true"}


@pytest.fixture(scope="module")
def vit() -> Any:
    return timms_vit()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, vit: Any) -> Path:
    return write_authors(tmp_path_factory.mktemp("published") / "mae.pth", authors_names(vit))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for number in range(8):
        path = tmp_path / "pictures" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(path)
    return tmp_path / "pictures"


def test_mae_goes_on_with_encoder_and_decoder(checkpoint: Path, vit: Any, pictures: Path, tmp_path: Path) -> None:
    run = nearfar.pretrain("mae", pictures, init=checkpoint, out=tmp_path / "run", **UNMOVED)
    spec = run.encoder.spec
    assert (spec.backbone, spec.size, spec.mean) == ("vit_tiny_patch16_224", 32, (0.485, 0.456, 0.406))
    assert {name: run.record["options"][name] for name in DECODER} == DECODER
    state = load_checkpoint(run.path / "last.ckpt")["method"]
    published = authors_names(vit)
    for own, theirs in (
        ("backbone.net.blocks.11.mlp.fc2.weight", "blocks.11.mlp.fc2.weight"),
        ("backbone.net.pos_embed", "pos_embed"),
        ("decoder.blocks.0.attn.qkv.weight", "decoder_blocks.0.attn.qkv.weight"),
        ("decoder.predict.bias", "decoder_pred.bias"),
    ):
        torch.testing.assert_close(state[own], published[theirs], rtol=0, atol=1e-9)
    checkpoint_is_needed_no_more = nearfar.load(run.path)
    assert checkpoint_is_needed_no_more.dim == 192


def test_a_decoder_of_the_user_s_shape_begins_from_chance(checkpoint: Path, pictures: Path, tmp_path: Path) -> None:
    run = nearfar.pretrain("mae", pictures, init=checkpoint, out=tmp_path / "run", decoder_dim=32, **UNMOVED)
    assert run.record["options"]["decoder_dim"] == 32
    assert run.record["options"]["decoder_depth"] == DECODER["decoder_depth"]


def test_other_methods_take_the_encoder(checkpoint: Path, vit: Any, pictures: Path, tmp_path: Path) -> None:
    run = nearfar.pretrain("simclr", pictures, init=checkpoint, out=tmp_path / "run", optimizer="adamw", **UNMOVED)
    view = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        wanted = vit.forward_head(vit.forward_features(view), pre_logits=True)
        torch.testing.assert_close(run.encoder.backbone(view), wanted, rtol=0, atol=1e-5)


def test_it_is_judged_and_embeds_as_it_is(checkpoint: Path, pictures: Path) -> None:
    scores = nearfar.evaluate(checkpoint, pictures, probes=["knn"], baselines=False)
    assert set(scores.scores) == {"knn"}
    assert nearfar.embed(checkpoint, pictures).vectors.shape == (8, 192)
    assert [path.name for path in checkpoint.parent.iterdir()] == ["mae.pth"], "nothing is written beside it"


def test_a_tower_of_pictures_takes_it(checkpoint: Path, vit: Any, pictures: Path, tmp_path: Path) -> None:
    lines = [f"{path.relative_to(pictures)},a picture" for path in sorted(pictures.rglob("*.png"))]
    (pictures / "captions.csv").write_text("\n".join(["file_name,caption", *lines]))
    run = nearfar.pretrain("clip", pictures, init=checkpoint, out=tmp_path / "run", optimizer="adamw", **UNMOVED)
    torch.testing.assert_close(run.encoder.backbone.image.net.norm.weight, vit.norm.weight, rtol=0, atol=1e-9)
    assert read_json(run.path / "encoder.json")["image"]["backbone"] == "vit_tiny_patch16_224"


def test_pictures_of_other_channels_are_refused(checkpoint: Path, tmp_path: Path) -> None:
    gray = np.zeros((4, 32, 32), dtype=np.uint8)
    with pytest.raises(DataError, match=r"data must be in colour, as the pictures of its weights were\. Got 'gray'"):
        nearfar.pretrain("mae", gray, init=checkpoint, out=tmp_path / "run", **UNMOVED)


def test_what_holds_no_vision_transformer_is_not_judged(pictures: Path, tmp_path: Path) -> None:
    torch.save({"model": torch.nn.Linear(2, 2)}, tmp_path / "object.pth")
    torch.save({"fc.weight": torch.zeros(2)}, tmp_path / "other.pth")
    for name, got in (
        ("object.pth", "holds .*Linear, which could run code"),
        ("other.pth", "1 tensors of another kind"),
    ):
        sentence = rf"{name} must be a run's folder, or weights of a vision transformer\. Got '{got}'"
        with pytest.raises(RunError, match=sentence):
            nearfar.evaluate(tmp_path / name, pictures)
