"""A run in a process of its own, for tests that kill it: begins it, or goes on with it.

python killed_run.py OUT DATA STEPS WORKERS
"""

import sys
from pathlib import Path

import torch

import nearfar
from nearfar.engine import recorder

if __name__ == "__main__":
    out, data, steps, workers = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    torch.set_num_threads(1)
    recorder.CHECKPOINT_SECONDS = 0.0  # after every step: a kill is then likely to hit the writing itself
    if (out / "run.json").exists():
        nearfar.resume(out, workers=workers)
    else:
        nearfar.pretrain("simclr", data, steps=steps, batch_size=16, size=16, seed=3, out=out, workers=workers,
                         projection_dim=16, hidden_dim=32)  # fmt: skip
