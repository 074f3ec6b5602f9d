"""The form of a person in a picture: which way every bit of surface faces, and how far it stands from the lens."""
