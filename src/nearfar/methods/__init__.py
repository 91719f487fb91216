"""Methods: modules composed into a way to learn, one file each."""

from nearfar.methods.align import ALIGN
from nearfar.methods.autoencoder import Autoencoder
from nearfar.methods.barlowtwins import BarlowTwins
from nearfar.methods.bigan import BiGAN
from nearfar.methods.byol import BYOL
from nearfar.methods.clip import CLIP
from nearfar.methods.contextprediction import ContextPrediction
from nearfar.methods.cpc import CPC
from nearfar.methods.deepinfomax import DeepInfoMax
from nearfar.methods.denoisingautoencoder import DenoisingAutoencoder
from nearfar.methods.dino import DINO
from nearfar.methods.drlim import DrLIM
from nearfar.methods.dualencoder import DualEncoder
from nearfar.methods.instdisc import InstDisc
from nearfar.methods.jigsaw import Jigsaw
from nearfar.methods.lejepa import LeJEPA
from nearfar.methods.mae import MAE
from nearfar.methods.maskedlanguage import MaskedLanguage
from nearfar.methods.matchnet import MatchNet
from nearfar.methods.method import COUNTED, Attempt, Batch, Method, Partners, Step, mean_over_ranks, partners, solved
from nearfar.methods.moco import MoCo
from nearfar.methods.mocov3 import MoCoV3
from nearfar.methods.nextsentence import NextSentence
from nearfar.methods.nexttoken import NextToken
from nearfar.methods.nnclr import NNCLR
from nearfar.methods.permutation import Permutation
from nearfar.methods.quadruplet import Quadruplet
from nearfar.methods.rotation import Rotation
from nearfar.methods.sentenceorder import SentenceOrder
from nearfar.methods.siglip import SigLIP
from nearfar.methods.simclr import SimCLR
from nearfar.methods.simcse import SimCSE
from nearfar.methods.simsiam import SimSiam
from nearfar.methods.supcon import SupCon
from nearfar.methods.supervised import Supervised
from nearfar.methods.swav import SwAV
from nearfar.methods.triplet import Triplet
from nearfar.methods.vae import VAE
from nearfar.methods.vicreg import VICReg

__all__ = [
    "ALIGN",
    "BYOL",
    "CLIP",
    "COUNTED",
    "CPC",
    "DINO",
    "MAE",
    "METHODS",
    "NNCLR",
    "VAE",
    "Attempt",
    "Autoencoder",
    "BarlowTwins",
    "Batch",
    "BiGAN",
    "ContextPrediction",
    "DeepInfoMax",
    "DenoisingAutoencoder",
    "DrLIM",
    "DualEncoder",
    "InstDisc",
    "Jigsaw",
    "LeJEPA",
    "MaskedLanguage",
    "MatchNet",
    "Method",
    "MoCo",
    "MoCoV3",
    "NextSentence",
    "NextToken",
    "Partners",
    "Permutation",
    "Quadruplet",
    "Rotation",
    "SentenceOrder",
    "SigLIP",
    "SimCLR",
    "SimCSE",
    "SimSiam",
    "Step",
    "SupCon",
    "Supervised",
    "SwAV",
    "Triplet",
    "VICReg",
    "mean_over_ranks",
    "partners",
    "solved",
]

_METHODS: tuple[type[Method], ...] = (
    SimCLR, MoCo, MoCoV3, NNCLR, InstDisc,
    BYOL, SimSiam, DINO, SwAV,
    VICReg, BarlowTwins, LeJEPA,
    DeepInfoMax, CPC,
    Autoencoder, DenoisingAutoencoder, VAE, BiGAN, MAE,
    ContextPrediction, Jigsaw, Rotation,
    SupCon, Triplet, Quadruplet, DrLIM, MatchNet, Supervised,
    SimCSE, DualEncoder,
    MaskedLanguage, NextToken, NextSentence, SentenceOrder, Permutation,
    CLIP, ALIGN, SigLIP,
)  # fmt: skip

METHODS: dict[str, type[Method]] = {method.__name__.lower(): method for method in _METHODS}
"""Every method by its name on the command line, kin beside kin."""
