"""Version 1 of the gRPC API: generated, do not edit."""
