"""Run the style service."""

from atelier_service.serving import serve

from atelier_style.capability import style_capability
from atelier_style.servicer import StyleServicer

if __name__ == "__main__":
    serve(style_capability(), StyleServicer)
