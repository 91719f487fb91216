"""Recipes: which views, backbone, optimizer and schedule a method takes for a modality and a size."""

from nearfar.recipes.image import for_pictures, view_size
from nearfar.recipes.image_text import for_image_text
from nearfar.recipes.measured import Measured, measured
from nearfar.recipes.ranges import CHOICES, RANGES, Range, check_options, check_said, method_options
from nearfar.recipes.recipe import Recipe
from nearfar.recipes.resolve import described, policy, resolve
from nearfar.recipes.series import for_series
from nearfar.recipes.text import for_texts

__all__ = [
    "CHOICES",
    "RANGES",
    "Measured",
    "Range",
    "Recipe",
    "check_options",
    "check_said",
    "described",
    "for_image_text",
    "for_pictures",
    "for_series",
    "for_texts",
    "measured",
    "method_options",
    "policy",
    "resolve",
    "view_size",
]
