"""Networks: the Efficient U-Net and the attribute judge. Nothing here knows about diffusion, depth or worlds."""
