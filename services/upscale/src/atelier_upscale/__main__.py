"""Run the upscale service."""

from atelier_service.serving import serve

from atelier_upscale.capability import upscale_capability
from atelier_upscale.servicer import UpscaleServicer

if __name__ == "__main__":
    serve(upscale_capability(), UpscaleServicer)
