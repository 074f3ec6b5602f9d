"""The lens plugin: what a lens does to a portrait, after it was taken."""
