"""Every benchmark in one run, each beside its peer: `make bench`.

    python benchmarks/run.py

Takes about ten minutes on two cores. The accuracy-per-minute table takes an hour; it is printed from its records, which
`python benchmarks/speedrun.py` fills.
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
)

if __name__ == "__main__":
    for script, *arguments in PARTS:
        print(f"\n## {script}\n", flush=True)
        subprocess.run([sys.executable, str(HERE / script), *arguments], check=True)
