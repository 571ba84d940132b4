"""Models behind three Protocols: built in, diffusers and transformers, or an oracle on procedural worlds."""

from scene3d.backends.protocols import Depth, DepthModel, Inpainter, Models, Picture, TextToImage
from scene3d.backends.registry import SETS, load_models, located, roles_of

__all__ = [
    "SETS",
    "Depth",
    "DepthModel",
    "Inpainter",
    "Models",
    "Picture",
    "TextToImage",
    "load_models",
    "located",
    "roles_of",
]
