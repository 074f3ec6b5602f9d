"""Run the edit service."""

from atelier_service.serving import serve

from atelier_edit.capability import edit_capability
from atelier_edit.servicer import EditServicer

if __name__ == "__main__":
    serve(edit_capability(), EditServicer)
