"""Execute notebooks in place, as they are saved in this repository: `python run_notebook.py NOTEBOOK...`.

No times are recorded and no widget state is kept, so the same outputs make the same file.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config


def run(path: Path) -> None:
    """Execute one notebook and write it back."""
    notebook = nbformat.read(path, as_version=4)
    place = {"metadata": {"path": str(path.parent)}}
    with tempfile.TemporaryDirectory(prefix="kernel-") as sockets:
        # Kernels that begin at the same moment may be given the same free port; files have no such race.
        config = Config()
        if os.name == "posix":
            config.KernelManager.transport, config.KernelManager.ip = "ipc", f"{sockets}/kernel"
        # Lines that are printed one after the other may arrive as one output or as several.
        client = NotebookClient(
            notebook, config=config, timeout=60, record_timing=False, coalesce_streams=True, resources=place
        )
        client.execute()
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        run(Path(name))
