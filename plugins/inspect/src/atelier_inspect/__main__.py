"""Run the inspect service."""

from atelier_service.serving import serve

from atelier_inspect.plugin import inspect_capability
from atelier_inspect.servicer import InspectServicer

if __name__ == "__main__":
    serve(inspect_capability(), InspectServicer)
