"""Diffusion on tensors: schedules, predictions, losses, samplers, imputation. Nothing here knows images or depth."""
