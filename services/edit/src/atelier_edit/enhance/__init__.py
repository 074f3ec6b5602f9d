"""Facial detail: what a portrait holds of it, made more visible."""
