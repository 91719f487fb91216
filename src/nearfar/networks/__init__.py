"""Networks: modules with weights and buffers that know nothing about losses."""

from nearfar.networks.backbone import Backbone, TimmBackbone, backbone, backbone_names, dim_of, first_convolution
from nearfar.networks.heads import mlp
from nearfar.networks.norm import synchronize_batch_norm
from nearfar.networks.small import SmallResNet
from nearfar.networks.whitening import start_from_patches

__all__ = [
    "Backbone",
    "SmallResNet",
    "TimmBackbone",
    "backbone",
    "backbone_names",
    "dim_of",
    "first_convolution",
    "mlp",
    "start_from_patches",
    "synchronize_batch_norm",
]
