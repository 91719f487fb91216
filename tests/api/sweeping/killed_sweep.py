"""A sweep in a process of its own, for tests that kill it: begins it, or goes on with it.

python killed_sweep.py OUT DATA STEPS
"""

import sys

import nearfar
from nearfar.api.sweeping import processes

OFTEN = """
import torch
from nearfar.engine import recorder
torch.set_num_threads(1)
recorder.CHECKPOINT_SECONDS = 0.0  # after every step: a kill is then likely to hit the writing itself
"""
processes.PROGRAM = OFTEN + processes.PROGRAM

if __name__ == "__main__":
    out, data, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])
    grid = {"temperature": [0.1, 0.2, 0.5], "steps": steps, "batch_size": 16, "hidden_dim": 16}
    nearfar.sweep("simclr", data, grid=grid, probes=["knn"], out=out, workers=0)
