"""The engine: the one loop, and what stands around it."""

from nearfar.engine.checkpoint import load_checkpoint, save_checkpoint
from nearfar.engine.classifier import NEIGHBOURS, Classifier, Predictions, save_classifier
from nearfar.engine.devices import choose_precision, make_fabric
from nearfar.engine.encoder import Encoder
from nearfar.engine.foresee import available_memory
from nearfar.engine.gallery import sample_rows, write_inside, write_made, write_sample, write_views
from nearfar.engine.generating import LanguageModel, save_language
from nearfar.engine.image_spec import ImageSpec, raw_table
from nearfar.engine.image_text_spec import ImageTextSpec
from nearfar.engine.judge import PROBES, UNSEEN, USUAL, Scores, judge
from nearfar.engine.label_free import label_free
from nearfar.engine.layers import Layer, embed_layers, judge_layers
from nearfar.engine.mining import mine_negatives
from nearfar.engine.optim import LARS, Muon, build_optimizer
from nearfar.engine.pretrained import read_pretrained
from nearfar.engine.recorder import Recorder
from nearfar.engine.run import Run, Training
from nearfar.engine.search import Neighbours, Searched, searched
from nearfar.engine.series_spec import SeriesSpec, values_table
from nearfar.engine.settings import Settings
from nearfar.engine.spec import EncoderSpec
from nearfar.engine.text_spec import TextSpec, tf_idf
from nearfar.engine.train import Feed, Watch, make_batch, train

__all__ = [
    "LARS",
    "NEIGHBOURS",
    "PROBES",
    "UNSEEN",
    "USUAL",
    "Classifier",
    "Encoder",
    "EncoderSpec",
    "Feed",
    "ImageSpec",
    "ImageTextSpec",
    "LanguageModel",
    "Layer",
    "Muon",
    "Neighbours",
    "Predictions",
    "Recorder",
    "Run",
    "Scores",
    "Searched",
    "SeriesSpec",
    "Settings",
    "TextSpec",
    "Training",
    "Watch",
    "available_memory",
    "build_optimizer",
    "choose_precision",
    "embed_layers",
    "judge",
    "judge_layers",
    "label_free",
    "load_checkpoint",
    "make_batch",
    "make_fabric",
    "mine_negatives",
    "raw_table",
    "read_pretrained",
    "sample_rows",
    "save_checkpoint",
    "save_classifier",
    "save_language",
    "searched",
    "tf_idf",
    "train",
    "values_table",
    "write_inside",
    "write_made",
    "write_sample",
    "write_views",
]
