"""How the site and the man pages are made: `make docs`."""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tools" / "site"))

import command_pages

project = "coldframe"
author = "The coldframe developers"
copyright = author  # noqa: A001 - Sphinx's name for it
version = release = version_of("coldframe")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "command_pages",
    "library_pages",
    "site_links",
]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

html_theme = "furo"
html_title = "coldframe"
html_copy_source = False
html_show_sphinx = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_numpy_docstring = False
default_role = "code"

nitpicky = True
# Annotations also name what is not the library, and Python's own classes; what a sentence refers to must be there.
nitpick_ignore_regex = [("py:(class|obj)", ".*"), ("py:data", "KEYS|Observer")]
suppress_warnings = ["ref.python"]  # an annotation that could mean one of two classes of that name
man_pages = command_pages.man_pages()
