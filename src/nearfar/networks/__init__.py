"""Networks: modules with weights and buffers that know nothing about losses."""

from nearfar.networks.backbone import Backbone, TimmBackbone, backbone, backbone_names, dim_of, first_convolution
from nearfar.networks.context import RowContext
from nearfar.networks.crops import pass_by_size
from nearfar.networks.heads import mlp
from nearfar.networks.momentum import MomentumTwin
from nearfar.networks.norm import synchronize_batch_norm
from nearfar.networks.prototypes import Prototypes
from nearfar.networks.queue import MemoryBank, Queue
from nearfar.networks.small import SmallResNet
from nearfar.networks.whitening import start_from_patches

__all__ = [
    "Backbone",
    "MemoryBank",
    "MomentumTwin",
    "Prototypes",
    "Queue",
    "RowContext",
    "SmallResNet",
    "TimmBackbone",
    "backbone",
    "backbone_names",
    "dim_of",
    "first_convolution",
    "mlp",
    "pass_by_size",
    "start_from_patches",
    "synchronize_batch_norm",
]
