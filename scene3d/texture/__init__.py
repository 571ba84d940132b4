"""A surface painted from the pictures of its views: one texture, put together from parts of all of them."""

from scene3d.texture.atlas import Textured, textured
from scene3d.texture.choice import best_views

__all__ = ["Textured", "best_views", "textured"]
