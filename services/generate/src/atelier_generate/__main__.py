"""Run the generate service."""

from atelier_rpc.settings import read_or_exit
from atelier_service.serving import serve
from atelier_service.settings import ServiceSettings

from atelier_generate.backends import open_backend
from atelier_generate.capability import generate_capability
from atelier_generate.diffusion.settings import DiffusersSettings
from atelier_generate.servicer import GenerateServicer
from atelier_generate.settings import GenerateSettings

if __name__ == "__main__":
    described = generate_capability()
    # Read before all else, because how many calls are drawn at once is part of what the capability is.
    settings = read_or_exit(
        GenerateSettings,
        program=f"atelier-{described.name}",
        description=described.description,
        more=(DiffusersSettings, ServiceSettings),
    )
    serve(
        generate_capability(settings.at_once),
        lambda: GenerateServicer(open_backend(settings.generator), identity_address=settings.identity_address),
    )
