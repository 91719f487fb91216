"""Networks: modules with weights and buffers that know nothing about losses."""

from nearfar.networks.backbone import Backbone, TimmBackbone, backbone, backbone_names, dim_of, first_convolution
from nearfar.networks.context import RowContext
from nearfar.networks.crops import pass_by_size
from nearfar.networks.decoder import ConvDecoder, MLPDecoder, PatchDecoder, check_fit, sides_of
from nearfar.networks.discriminator import PairDiscriminator
from nearfar.networks.heads import mlp
from nearfar.networks.logit_scale import LogitScale
from nearfar.networks.masked import as_map, encode_visible, patchify, unpatchify, vit_of
from nearfar.networks.momentum import MomentumTwin
from nearfar.networks.neighbours import start_from_neighbours
from nearfar.networks.norm import synchronize_batch_norm
from nearfar.networks.pair_solver import PairSolver
from nearfar.networks.pooling import Pooling, TokenRows
from nearfar.networks.positions import sine_cosine, start_positions
from nearfar.networks.pretrained_text import PretrainedText
from nearfar.networks.prototypes import Prototypes
from nearfar.networks.published import PUBLISHED, PublishedText
from nearfar.networks.queue import MemoryBank, Queue
from nearfar.networks.recurrent import TextRecurrent
from nearfar.networks.series_backbone import SERIES_BACKBONES, SeriesViT, patch_length, series_backbone, whole_patches
from nearfar.networks.small import SmallResNet
from nearfar.networks.stages import Stage, stage_vectors, stages
from nearfar.networks.text_backbone import TEXT_BACKBONES, text_backbone
from nearfar.networks.text_stages import text_stages, token_states
from nearfar.networks.transformer import TextTransformer
from nearfar.networks.two_towers import Frozen, TwoTowers, two_towers
from nearfar.networks.vocabulary import TokenScores
from nearfar.networks.whitening import start_from_patches

__all__ = [
    "PUBLISHED",
    "SERIES_BACKBONES",
    "TEXT_BACKBONES",
    "Backbone",
    "ConvDecoder",
    "Frozen",
    "LogitScale",
    "MLPDecoder",
    "MemoryBank",
    "MomentumTwin",
    "PairDiscriminator",
    "PairSolver",
    "PatchDecoder",
    "Pooling",
    "PretrainedText",
    "Prototypes",
    "PublishedText",
    "Queue",
    "RowContext",
    "SeriesViT",
    "SmallResNet",
    "Stage",
    "TextRecurrent",
    "TextTransformer",
    "TimmBackbone",
    "TokenRows",
    "TokenScores",
    "TwoTowers",
    "as_map",
    "backbone",
    "backbone_names",
    "check_fit",
    "dim_of",
    "encode_visible",
    "first_convolution",
    "mlp",
    "pass_by_size",
    "patch_length",
    "patchify",
    "series_backbone",
    "sides_of",
    "sine_cosine",
    "stage_vectors",
    "stages",
    "start_from_neighbours",
    "start_from_patches",
    "start_positions",
    "synchronize_batch_norm",
    "text_backbone",
    "text_stages",
    "token_states",
    "two_towers",
    "unpatchify",
    "vit_of",
    "whole_patches",
]
