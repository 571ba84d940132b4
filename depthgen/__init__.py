"""Learn, run and measure diffusion models of depth, on worlds that come with the package."""
