"""Golden loss curves: twenty steps of every method, which a change that should not move results leaves identical.

python tests/golden/record.py             records them anew; the commit then says why they moved
python tests/golden/record.py mae vae     records those of some methods, as of new ones
"""

import json
import sys
from pathlib import Path

import torch

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))

from cases import CASES  # noqa: E402

STEPS = 20


def curve(name: str) -> list[float]:
    """The losses of twenty steps of a tiny instance, in float64 on one thread."""
    torch.manual_seed(0)
    case = CASES[name]
    method = case.make(case.network()).double()
    optimizer = torch.optim.AdamW(method.parameters(), lr=3e-3)
    losses = []
    for step in range(STEPS):
        torch.manual_seed(step)
        result = method(case.batch(16, seed=step, dtype=torch.float64))
        result.loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        method.update([result], (step + 1) / STEPS)
        losses.append(float(result.loss.detach()))
    return losses


if __name__ == "__main__":
    torch.set_num_threads(1)
    for method in sys.argv[1:] or CASES:
        (FOLDER / f"{method}.json").write_text(json.dumps(curve(method), indent=1) + "\n")
        print(f"{method}: recorded")
