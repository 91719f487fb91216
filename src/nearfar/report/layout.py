"""What all pages share: templates, style and script inside the page, and nothing that is fetched."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from nearfar.records import atomic_write

__all__ = ["write_page"]


def write_page(
    template: str,
    context: Mapping[str, Any],
    path: Path,
    *,
    scripts: Sequence[str] = (),
    styles: Sequence[str] = ("page.css",),
) -> Path:
    """Fills a template and writes the page, whole or not at all.

    Args:
        template: its name.
        context: what it asks for.
        path: the page.
        scripts: the files whose text is the page's script; the page allows no other to run.
        styles: the files whose text is the page's style.

    Returns:
        The path.
    """
    environment = Environment(
        loader=PackageLoader("nearfar.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = _percent
    environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "ensure_ascii": False}  # the page is in UTF-8

    def source(name: str) -> str:
        assert environment.loader is not None
        return environment.loader.get_source(environment, name)[0]

    script = "\n".join(source(name) for name in scripts)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    style = "\n".join(source(name) for name in styles)
    assets = {"style": Markup(style), "script": Markup(script), "script_hash": digest}
    page = environment.get_template(template).render({**context, **assets})
    with atomic_write(path) as file:
        file.write(page.encode("utf-8", "replace"))
    return path


def _percent(value: float) -> str:
    return f"{100 * value:.1f}\N{NO-BREAK SPACE}%"
