"""Film grain: its statistics, drawing it, and finding it in a photograph."""
