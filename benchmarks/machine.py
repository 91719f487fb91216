"""What the figures were measured on."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from nearfar.engine import choose_precision

PACKAGES = ("nearfar", "torch", "torchvision", "timm", "numpy", "pillow", "scikit-learn", "lightly")


def processor() -> str:
    """The processor's name where the system tells it."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    print(f"{processor()}, {torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}")
    print(f"precision auto: {choose_precision()}; Python {platform.python_version()}")
    print(", ".join(f"{name} {installed(name)}" for name in PACKAGES))
