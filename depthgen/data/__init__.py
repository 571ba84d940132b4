"""Data sets: files or generators in, samples of picture, depth and validity out."""
