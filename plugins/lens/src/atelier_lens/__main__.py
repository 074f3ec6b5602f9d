"""Run the lens service."""

from atelier_service.serving import serve

from atelier_lens.plugin import lens_capability
from atelier_lens.servicer import LensServicer

if __name__ == "__main__":
    serve(lens_capability(), LensServicer)
