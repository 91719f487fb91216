"""Every benchmark in one run, each beside its peer: `make bench`.

    python benchmarks/run.py

Takes about ten minutes on two cores. Tables that take longer are printed from their records, which `speedrun.py`,
`methods.py`, `judging.py`, `captions.py`, `texts.py`, `pairs_speed.py`, `mae_speed.py`, `from_autoencoder.py` and
`series.py` fill.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PARTS = (
    ["machine.py"],
    ["startup.py"],
    ["views.py"],
    ["training.py"],
    ["loading.py"],
    ["objectives.py", "--table"],
    ["speedrun.py", "--table"],
    ["methods.py", "--table"],
    ["judging.py", "--table"],
    ["captions.py", "--table"],
    ["texts.py", "--table"],
    ["pairs_speed.py", "--table"],
    ["mae_speed.py", "--table"],
    ["from_autoencoder.py", "--table"],
    ["series.py", "--table"],
)

if __name__ == "__main__":
    for script, *arguments in PARTS:
        print(f"\n## {script}\n", flush=True)
        subprocess.run([sys.executable, str(HERE / script), *arguments], check=True)
