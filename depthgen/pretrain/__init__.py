"""Self-supervised pre-training: the four image-to-image tasks of Palette (arXiv 2111.05826)."""

from depthgen.pretrain.masks import border_masks, freeform_masks, inpainting_masks, rectangle_masks
from depthgen.pretrain.palette import TASKS, TaskShares, palette_batch
from depthgen.pretrain.pictures import grey, jpeg, jpeg_qualities

__all__ = [
    "TASKS", "TaskShares", "border_masks", "freeform_masks", "grey", "inpainting_masks", "jpeg",
    "jpeg_qualities", "palette_batch", "rectangle_masks",
]  # fmt: skip
