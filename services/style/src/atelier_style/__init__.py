"""The style capability: colour grade, film grain, skin tone."""
