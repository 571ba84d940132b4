"""Where views are taken from: named paths, path files, seen free space, and the coverage planner."""

from scene3d.cameras.files import CameraPath, camera_path_of, read_path, transforms_of, write_json
from scene3d.cameras.flight import CLOSED, flight, flight_along
from scene3d.cameras.free_space import FreeSpace, free_space, kept_free
from scene3d.cameras.paths import PATHS, distance_ahead, subject_depth
from scene3d.cameras.planner import Explorer, explorer
from scene3d.cameras.route import Route, cameras_from, route_of
from scene3d.cameras.smooth import smooth_path

__all__ = [
    "CLOSED",
    "PATHS",
    "CameraPath",
    "Explorer",
    "FreeSpace",
    "Route",
    "camera_path_of",
    "cameras_from",
    "distance_ahead",
    "explorer",
    "flight",
    "flight_along",
    "free_space",
    "kept_free",
    "read_path",
    "route_of",
    "smooth_path",
    "subject_depth",
    "transforms_of",
    "write_json",
]
