"""The commands that come with the client."""
