"""The parts of a portrait that a mask can be about."""

from __future__ import annotations

from enum import Enum


class Region(Enum):
    """A part of a portrait; left and right are the subject's own. Values are the names of `atelier.v1.Region`."""

    FACE = "REGION_FACE"
    SKIN = "REGION_SKIN"
    EYES = "REGION_EYES"
    LIPS = "REGION_LIPS"
    BROWS = "REGION_BROWS"
    HAIR = "REGION_HAIR"
    PERSON = "REGION_PERSON"
    BACKGROUND = "REGION_BACKGROUND"
    FOREHEAD = "REGION_FOREHEAD"
    LEFT_CHEEK = "REGION_LEFT_CHEEK"
    RIGHT_CHEEK = "REGION_RIGHT_CHEEK"
