"""The tensors of one inference to Triton and back: large ones in shared memory, the others in the message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from tritonclient.grpc import InferInput, InferRequestedOutput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from tritonclient.grpc import InferResult

    from atelier_service.models.backend import Arrays
    from atelier_service.models.contract import ModelContract
    from atelier_service.models.regions import Region, Regions

# Below, filling and naming a region costs more than copying the tensor through the message (docs/40-services.md).
THRESHOLD_BYTES: Final = 128 * 1024


class Lent:
    """What one inference sends, and the regions that it holds until `release`."""

    def __init__(
        self,
        contract: ModelContract,
        arrays: Mapping[str, NDArray[np.float32]],
        regions: Regions | None,
        expected: Mapping[str, int],
    ) -> None:
        """Take what is needed; `expected` says how many bytes outputs of free size will have, where that is known."""
        self.regions: dict[str, Region] = {}
        self._contract = contract
        self._pool = regions
        self._batch = next(iter(arrays.values())).shape[0]
        self.inputs = [self._input(name, array) for name, array in arrays.items()]
        self.outputs = [
            self._output(tensor.name, tensor.size_bytes(self._batch) or expected.get(tensor.name, 0))
            for tensor in contract.outputs
        ]

    def answer(self, result: InferResult) -> Arrays:
        """Return the outputs as arrays that belong to the caller."""
        return {tensor.name: self._read(result, tensor.name) for tensor in self._contract.outputs}

    def release(self, *, untouched: bool) -> None:
        """Give the regions back; `untouched` says that Triton is certainly done with them."""
        if self._pool is not None:
            for region in self.regions.values():
                self._pool.give_back(region, untouched=untouched)
        self.regions.clear()

    def _input(self, name: str, array: NDArray[np.float32]) -> InferInput:
        tensor = InferInput(name, list(array.shape), "FP32")
        region = self._take(f"> {name}", array.nbytes)
        if region is None:
            tensor.set_data_from_numpy(np.ascontiguousarray(array))
        else:
            region.write(array)
            tensor.set_shared_memory(region.name, array.nbytes)
        return tensor

    def _output(self, name: str, size_bytes: int) -> InferRequestedOutput:
        tensor = InferRequestedOutput(name)
        region = self._take(f"< {name}", size_bytes)
        if region is not None:
            tensor.set_shared_memory(region.name, size_bytes)
        return tensor

    def _take(self, key: str, size_bytes: int) -> Region | None:
        if self._pool is None or size_bytes < THRESHOLD_BYTES:
            return None
        region = self._pool.take(size_bytes)
        if region is not None:
            self.regions[key] = region
        return region

    def _read(self, result: InferResult, name: str) -> NDArray[np.float32]:
        region = self.regions.get(f"< {name}")
        if region is not None:
            return region.read(tuple(result.get_output(name).shape))
        # A copy: what comes out of a message is read-only.
        inline: NDArray[np.float32] = result.as_numpy(name).copy()
        return inline
