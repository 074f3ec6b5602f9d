"""The gRPC API of Atelier: generated messages and stubs."""
