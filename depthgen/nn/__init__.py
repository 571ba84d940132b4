"""Networks: the Efficient U-Net and the attribute judge. They know no diffusion, depth or worlds."""
