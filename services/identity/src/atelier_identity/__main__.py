"""Run the identity service."""

from atelier_service.serving import serve

from atelier_identity.capability import identity_capability
from atelier_identity.opening import open_servicer
from atelier_identity.settings import IdentitySettings

if __name__ == "__main__":
    serve(identity_capability(), open_servicer, settings_of_its_own=IdentitySettings)
