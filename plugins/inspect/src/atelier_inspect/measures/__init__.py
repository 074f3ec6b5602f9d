"""What is measured of a portrait, one file a subject. Each function takes a `Scene` and gives a `Sample`."""
