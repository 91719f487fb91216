"""Views: what one encoder pass sees, made in batches on the training device, one random draw for each example."""

from nearfar.views.crop import crop_boxes, crop_resize, flip_columns
from nearfar.views.draws import Draws
from nearfar.views.image import as_light, gaussian_blur, normalize, recolor, solarize
from nearfar.views.image_view import ImageView, PlainView
from nearfar.views.patches import patch_grid
from nearfar.views.plan import ViewPlan
from nearfar.views.policies import Policy, byol, dino, repeat, simclr, swav, weak

__all__ = [
    "Draws",
    "ImageView",
    "PlainView",
    "Policy",
    "ViewPlan",
    "as_light",
    "byol",
    "crop_boxes",
    "crop_resize",
    "dino",
    "flip_columns",
    "gaussian_blur",
    "normalize",
    "patch_grid",
    "recolor",
    "repeat",
    "simclr",
    "solarize",
    "swav",
    "weak",
]
