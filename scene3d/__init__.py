"""A sentence becomes a 3D scene."""
