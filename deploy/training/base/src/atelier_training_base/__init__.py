"""How the embedded portrait generator is trained, measured and exported."""
