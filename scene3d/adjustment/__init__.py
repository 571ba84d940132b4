"""Global adjustment: the depth of all views made to agree where they see the same surface.

Each view may be scaled, shifted and gently bent, so that what drifts over many views is spread over all of
them instead of opening where a loop closes, and is held near what the depth model reads in its picture alone,
which does not drift. The views in a scene's folder are not touched: the corrections lie beside them in
adjustment.json, and fusion for the exports applies them.
"""

from scene3d.adjustment.closing import closing_error, drift
from scene3d.adjustment.correction import Adjustment, Correction, adjusted
from scene3d.adjustment.solve import solve, unadjusted
from scene3d.adjustment.stored import stored_adjustment

__all__ = [
    "Adjustment",
    "Correction",
    "adjusted",
    "closing_error",
    "drift",
    "solve",
    "stored_adjustment",
    "unadjusted",
]
