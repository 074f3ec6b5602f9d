"""The commands: survey and train, release, evaluate."""

import os

# Before PyTorch loads: its threads otherwise spin while they wait, which takes most of a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from atelier_training_base.commands import base

if __name__ == "__main__":
    base()
