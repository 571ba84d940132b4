"""Diffusion on tensors: schedules, predictions, losses, samplers, imputation. It knows no images, no depth."""
