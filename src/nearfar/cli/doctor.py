"""`nearfar doctor`: what this machine offers, and what nearfar makes of it."""

import os
import platform
import re
import shutil
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from rich.table import Table

from nearfar.cli.derive import JSON, compose
from nearfar.cli.output import show, show_json

__all__ = ["command", "facts"]

GIB = 2**30
FOR_DEVELOPERS = {"browser", "dev", "docs", "peer"}


def facts() -> dict[str, Any]:
    """Everything that the command shows: sizes in GiB, packages by their version."""
    precision, why = _precision()
    return {
        "versions": {"python": platform.python_version()} | {name: version(name) for name in ("nearfar", *_needed())},
        "extras": {name: _installed(packages) for name, packages in _extras().items()},
        "devices": _devices(),
        "precision": {"chosen": precision, "why": why},
        "threads": _threads(),
        "memory_gib": _memory(),
        "disk": {"folder": str(Path.cwd()), "free_gib": round(shutil.disk_usage(".").free / GIB, 1)},
    }


def _needed() -> list[str]:
    """The packages nearfar stands on."""
    return [_name(line) for line in requires("nearfar") or () if "extra ==" not in line]


def _extras() -> dict[str, list[str]]:
    """The packages of each extra that is for users."""
    found: dict[str, list[str]] = {}
    for line in requires("nearfar") or ():
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", line)
        if extra and extra[1] not in FOR_DEVELOPERS:
            found.setdefault(extra[1], []).append(_name(line))
    return found


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]


def _installed(packages: list[str]) -> str | None:
    """The version of the first package if all are there."""
    try:
        versions = [version(package) for package in packages]
    except PackageNotFoundError:
        return None
    return versions[0]


def _devices() -> list[dict[str, Any]]:
    import torch

    cpu = {"kind": "cpu", "name": _processor(), "cores": os.cpu_count()}
    gpus = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
    found = [{"kind": "cuda", "name": gpu.name, "memory_gib": round(gpu.total_memory / GIB, 1)} for gpu in gpus]
    return found + [{"kind": "mps", "name": "Apple GPU"}] * torch.backends.mps.is_available() + [cpu]


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.+)", information.read_text()) if information.exists() else None
    return model[1] if model else platform.processor() or platform.machine()


def _precision() -> tuple[str, str]:
    """What `--precision auto` means here, and why."""
    import torch

    from nearfar.engine import choose_precision

    chosen = choose_precision()
    device = "GPU" if torch.cuda.is_available() or torch.backends.mps.is_available() else "CPU"
    reasons = {
        "bf16-mixed": f"this {device} multiplies bfloat16 natively",
        "16-mixed": f"this {device} multiplies float16 natively, and bfloat16 not",
        "32-true": f"this {device} gains nothing from bfloat16",
    }
    return chosen, reasons[chosen]


def _threads() -> int:
    import torch

    return torch.get_num_threads()


def _memory() -> dict[str, float]:
    """Of the machine: all, and where the system says it what is free for use."""
    from nearfar.engine import available_memory

    page, free = os.sysconf("SC_PAGE_SIZE") / GIB, available_memory()
    memory = {"total": round(os.sysconf("SC_PHYS_PAGES") * page, 1)}
    return memory | ({} if free is None else {"available": round(free / GIB, 1)})


def _doctor(*, json: bool = False) -> None:
    found = facts()
    if json:
        show_json(found)
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, meaning in _lines(found):
        table.add_row(name, meaning)
    show(table)


def _lines(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Pairs of a heading and what to read beside it."""
    memory, disk = found["memory_gib"], found["disk"]
    free = f", {memory['available']} GiB of it free" if "available" in memory else ""
    missing = "not installed; pip install 'nearfar[{}]'"
    return [
        ("versions", ", ".join(f"{name} {number}" for name, number in found["versions"].items())),
        *(("extras" if not place else "", f"{name} {number or missing.format(name)}")
          for place, (name, number) in enumerate(found["extras"].items())),
        *(("devices" if not place else "", _device(device)) for place, device in enumerate(found["devices"])),
        ("precision", f"{found['precision']['chosen']}: {found['precision']['why']}"),
        ("threads", str(found["threads"])),
        ("memory", f"{memory['total']} GiB{free}"),
        ("disk", f"{disk['free_gib']} GiB free in {disk['folder']}"),
    ]  # fmt: skip


def _device(device: dict[str, Any]) -> str:
    size = f", {device['memory_gib']} GiB" if "memory_gib" in device else ""
    cores = f", {device['cores']} cores" if "cores" in device else ""
    return f"{device['kind']}: {device['name']}{size}{cores}"


command = compose(_doctor, JSON)
