"""Run the generate service."""

from atelier_service.serving import serve

from atelier_generate.backends import open_backend
from atelier_generate.capability import generate_capability
from atelier_generate.servicer import GenerateServicer
from atelier_generate.settings import GenerateSettings, read_settings

if __name__ == "__main__":
    settings = read_settings()
    serve(
        generate_capability(settings.at_once),
        lambda: GenerateServicer(open_backend(settings.generator), identity_address=settings.identity_address),
        settings_of_its_own=GenerateSettings,
    )
