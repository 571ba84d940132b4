"""Diffusion on tensors: schedules, predictions, losses, samplers, imputation. No images, no depth."""
