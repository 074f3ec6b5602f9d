"""The Python client and the atelier command."""
