"""How good a scene is: figures for every view and for the whole, and limits that they are held to."""

from scene3d.report.checks import Thresholds, failures
from scene3d.report.figures import SceneFigures, Triangles, ViewFigures, measure

__all__ = ["SceneFigures", "Thresholds", "Triangles", "ViewFigures", "failures", "measure"]
