"""Networks' edits, put back into their source: what every edit that a generative network made goes through."""

from atelier_imaging.graft.gates import Held, Policy, held
from atelier_imaging.graft.graft import Graft, Purpose, graft
from atelier_imaging.graft.registration import Registration, register

__all__ = ["Graft", "Held", "Policy", "Purpose", "Registration", "graft", "held", "register"]
