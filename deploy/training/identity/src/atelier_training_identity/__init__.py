"""Calibrate a face encoder on a folder of portraits of different people."""
