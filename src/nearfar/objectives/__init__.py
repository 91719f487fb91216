"""Objectives: tensors to a scalar loss. Pure functions that know no module, no run and no data."""

from nearfar.objectives.adversarial import bigan_encoder_generator, gan_discriminator, gan_generator
from nearfar.objectives.clustering import (
    dino,
    dino_batch_center,
    dino_chance,
    sinkhorn,
    swapped_prediction,
    swapped_prediction_chance,
)
from nearfar.objectives.contrastive import info_nce, info_nce_bank, nt_xent, nt_xent_chance, nt_xent_floor
from nearfar.objectives.decoupled import debiased_nt_xent, decoupled_nt_xent
from nearfar.objectives.distribution import sigreg, sigreg_collapsed, sigreg_gaussian, view_prediction
from nearfar.objectives.image_text import clip, sigmoid_pairs
from nearfar.objectives.information import cpc, cpc_chance, deep_infomax_jsd, deep_infomax_nce, deep_infomax_nce_chance
from nearfar.objectives.language import masked_token, next_token, order
from nearfar.objectives.metric import margin_contrastive, quadruplet, triplet, triplet_from_labels
from nearfar.objectives.reconstruction import (
    bernoulli_nll,
    elbo,
    gaussian_kl,
    gaussian_nll,
    gaussian_nll_chance,
    masked_mse,
    mse,
)
from nearfar.objectives.redundancy import (
    barlow_twins,
    barlow_twins_chance,
    barlow_twins_collapsed,
    vicreg,
    vicreg_collapsed,
)
from nearfar.objectives.regression import negative_cosine, normalized_mse
from nearfar.objectives.sentences import simcse
from nearfar.objectives.supervised import sup_con

__all__ = [
    "barlow_twins",
    "barlow_twins_chance",
    "barlow_twins_collapsed",
    "bernoulli_nll",
    "bigan_encoder_generator",
    "clip",
    "cpc",
    "cpc_chance",
    "debiased_nt_xent",
    "decoupled_nt_xent",
    "deep_infomax_jsd",
    "deep_infomax_nce",
    "deep_infomax_nce_chance",
    "dino",
    "dino_batch_center",
    "dino_chance",
    "elbo",
    "gan_discriminator",
    "gan_generator",
    "gaussian_kl",
    "gaussian_nll",
    "gaussian_nll_chance",
    "info_nce",
    "info_nce_bank",
    "margin_contrastive",
    "masked_mse",
    "masked_token",
    "mse",
    "negative_cosine",
    "next_token",
    "normalized_mse",
    "nt_xent",
    "nt_xent_chance",
    "nt_xent_floor",
    "order",
    "quadruplet",
    "sigmoid_pairs",
    "sigreg",
    "sigreg_collapsed",
    "sigreg_gaussian",
    "simcse",
    "sinkhorn",
    "sup_con",
    "swapped_prediction",
    "swapped_prediction_chance",
    "triplet",
    "triplet_from_labels",
    "vicreg",
    "vicreg_collapsed",
    "view_prediction",
]
