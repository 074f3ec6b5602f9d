"""How the upscaling networks are trained, measured and exported."""
