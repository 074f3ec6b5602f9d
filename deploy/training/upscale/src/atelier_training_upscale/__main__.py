"""The command: train, measure and write the upscaling networks."""

import os

# Before PyTorch loads: its threads otherwise spin while they wait, which takes most of a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from atelier_training_upscale.commands import upscale

if __name__ == "__main__":
    upscale()
