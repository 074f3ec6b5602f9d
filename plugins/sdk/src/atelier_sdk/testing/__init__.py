"""The conformance kit: does a capability keep the contract of every edit? One line in a plugin's tests asks.

    from atelier_sdk.testing import Edit, conformance

    TestContract = conformance(capability(), Edit("Desaturate", neutral={"strength": 0}, control="strength"))

The service is started by its command, as a process of its own, and asked over gRPC: whatever it is written in, and
with whatever it was built. `FakeHost` is for unit tests of hooks. Needs the extra `atelier-sdk[testing]`.
"""

from atelier_sdk.testing.conformance import conformance
from atelier_sdk.testing.edit import Box, Edit, mean_difference
from atelier_sdk.testing.host import CALL, FakeHost
from atelier_sdk.testing.portrait import BACKGROUND, FACE, portrait

__all__ = ["BACKGROUND", "CALL", "FACE", "Box", "Edit", "FakeHost", "conformance", "mean_difference", "portrait"]
