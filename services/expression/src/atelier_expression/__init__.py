"""The expression capability: expression, gaze and head pose of a portrait."""
