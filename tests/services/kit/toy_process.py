"""The toy as a process: what a service's `__main__` looks like."""

from __future__ import annotations

from atelier_service import serve

from tests.services.kit.toys import Toy, capability

if __name__ == "__main__":
    serve(capability(), Toy)
