"""Recipes: which views, backbone, optimizer and schedule a method takes for a modality and a size."""

from nearfar.recipes.image import for_pictures, view_size
from nearfar.recipes.recipe import Recipe
from nearfar.recipes.resolve import method_options, policy, resolve

__all__ = ["Recipe", "for_pictures", "method_options", "policy", "resolve", "view_size"]
