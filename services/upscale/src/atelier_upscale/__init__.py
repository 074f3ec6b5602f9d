"""The upscale capability: more pixels, the same picture."""
