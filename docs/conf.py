"""The documentation site: ``sphinx-build -W docs OUT`` builds it, from these pages and the notebooks."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

from gemimg_docs import bring_notebooks

import gemimg_magic

project = "gemimg_magic"
author = copyright = "The gemimg_magic developers"
version = release = gemimg_magic.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "gemimg_docs",
]
bring_notebooks(HERE.parent / "notebooks", HERE / "notebooks")
exclude_patterns = ["_build", "_ext", "notebooks/imagined", "**/.ipynb_checkpoints"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}

# The notebooks are shown as they were saved; the tests run them.
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type"]  # widgets: their static twin stands beside them

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
napoleon_google_docstring = True
napoleon_use_rtype = False

html_theme = "pydata_sphinx_theme"
html_title = "gemimg_magic"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {
    "show_prev_next": True,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
