"""How soon something answers: seconds of the fastest of several starts, files warm.

python benchmarks/startup.py [--repeats 5]
"""

import argparse
import subprocess
import sys
import time

NEARFAR = [sys.executable, "-m", "nearfar"]
CASES = {
    "python -c pass": ([sys.executable, "-c", "pass"], None),
    "import nearfar": ([sys.executable, "-c", "import nearfar"], 0.3),
    "nearfar --help": ([*NEARFAR, "--help"], 0.3),
    "nearfar pretrain simclr --help": ([*NEARFAR, "pretrain", "simclr", "--help"], 3.0),
    "import torch": ([sys.executable, "-c", "import torch"], None),
}


def seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    print("| start | seconds | target |\n|---|---:|---:|")
    for name, (command, target) in CASES.items():
        fastest = min(seconds(command) for _ in range(repeats))
        print(f"| {name} | {fastest:.2f} | {'' if target is None else f'< {target}'} |")
