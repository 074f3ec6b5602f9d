"""Run the edit service."""

from atelier_service.serving import serve

from atelier_edit.capability import edit_capability
from atelier_edit.diffusion.settings import DiffusionSettings, read_settings
from atelier_edit.servicer import EditServicer

if __name__ == "__main__":
    serve(edit_capability(), lambda: EditServicer(read_settings()), settings_of_its_own=DiffusionSettings)
