"""Encoders of pictures in timm: loaded there, they give the same vectors and say how pictures are prepared."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from nearfar.data import open_source
from nearfar.engine import Encoder, ImageSpec
from nearfar.engine.exporting import export_encoder

MODELS = {
    "resnet": ("resnet10t", "standard", 3, 64),
    "gray": ("resnet18", "standard", 1, 40),
    "vit": ("vit_tiny_patch16_224", "small", 3, 32),
    "averaging vit": ("vit_tiny", None, 3, 32),
    "other": ("mobilenetv3_small_050", None, 3, 48),
}


def encoder_of(name: str) -> Encoder:
    backbone, stem, channels, size = MODELS[name]
    spec = ImageSpec(
        backbone=backbone, stem=stem, size=size, channels=channels, mean=(0.4, 0.5, 0.6)[:channels],
        std=(0.2, 0.3, 0.1)[:channels], seed=0,
    )  # fmt: skip
    network = spec.build().to(memory_format=torch.channels_last)  # as `Encoder.load` gives it
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)
    return Encoder(spec, network)


@pytest.mark.parametrize("name", MODELS)
def test_timm_gives_the_same_vectors(name: str, tmp_path: Path) -> None:
    encoder = encoder_of(name)
    made = export_encoder(encoder, format="timm", out=tmp_path / "out")
    assert made.files == ("config.json", "model.safetensors")
    names: dict[str, object] = {}
    exec(made.load, names)
    source = open_source(np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8))
    wanted = encoder.embed(source).vectors
    (view, _), = encoder.spec.plain(source, device=torch.device("cpu"))  # fmt: skip
    with torch.no_grad():
        theirs = names["model"].eval()(view).numpy()
    np.testing.assert_allclose(theirs, wanted, atol=1e-5, rtol=1e-5)
    assert wanted.std() > 1e-3


def test_the_config_says_how_pictures_are_prepared(tmp_path: Path) -> None:
    import timm

    encoder = encoder_of("gray")
    export_encoder(encoder, format="timm", out=tmp_path / "out")
    model = timm.create_model(f"local-dir:{tmp_path / 'out'}", pretrained=True)
    said = timm.data.resolve_model_data_config(model)
    assert (list(said["mean"]), list(said["std"]), said["input_size"]) == ([0.4], [0.2], (1, 40, 40))
    assert (said["crop_pct"], said["interpolation"], said["crop_mode"]) == (1.0, "bilinear", "center")
    assert json.loads((tmp_path / "out/config.json").read_text())["architecture"] == "resnet18"
