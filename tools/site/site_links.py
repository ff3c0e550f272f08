"""A Sphinx extension: links in the site that the pages cannot hold, because they are read on a code host too.

A command in code, such as `coldframe archive`, leads to its page. A link to a file of the repository leads to the page
that shows it; where none does, its words stand there without a link.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from pygments.lexers.special import TextLexer
from sphinx import addnodes
from sphinx.util.nodes import make_refnode

from coldframe.cli.main import COMMANDS
from command_pages import FOLDER, PROGRAM

if TYPE_CHECKING:
    from sphinx.application import Sphinx

SHOWN = {
    "CHANGELOG.md": "changelog",
    "CONTRIBUTING.md": "contributing",
    "SECURITY.md": "security",
    "README.md": "index",
}
"""Files beside `docs/`, and the pages that show them."""
DECISIONS = "adr/README"


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect what is done when."""
    app.add_lexer("cron", TextLexer)
    app.connect("source-read", _list_decisions)
    app.connect("source-read", _list_others)
    app.connect("doctree-read", _lead_to_files)
    app.connect("doctree-resolved", _lead_to_commands)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _list_decisions(_app: Sphinx, document: str, content: list[str]) -> None:
    """The list of decisions is written for the code host; here it is the beginning of a chapter as well."""
    if document == DECISIONS:
        content[0] += "\n```{toctree}\n:hidden:\n:glob:\n\n0*\n```\n"


def _list_others(app: Sphinx, document: str, content: list[str]) -> None:
    """A page that nobody has put into the contents stands at their end."""
    if document == "index":
        names = sorted(path.stem for path in Path(app.srcdir).glob("*.md") if path.stem != document)
        others = [name for name in names if f"\n{name}\n" not in content[0]]
        content[0] += "\n".join(["\n```{toctree}", ":hidden:", "", *others, "```", ""]) if others else ""


def _lead_to_files(app: Sphinx, doctree: nodes.document) -> None:
    """End links to files that are no pages; one to a file that is not there stays, and so becomes a warning."""
    top = Path(app.srcdir).resolve().parent
    here = Path(app.env.doc2path(app.env.current_document.docname)).resolve().parent
    links: list[addnodes.pending_xref] = list(doctree.findall(addnodes.pending_xref))
    for link in links:
        path = next((path for folder in (here, top) if (path := folder / link["reftarget"]).exists()), None)
        if link.get("reftype") != "myst" or path is None:
            continue
        shown = SHOWN.get(path.resolve().relative_to(top).as_posix())
        if shown:
            link.attributes |= {"refdomain": "std", "reftype": "doc", "reftarget": f"/{shown}"}
        else:
            link.replace_self(list(link.children))


def _lead_to_commands(app: Sphinx, doctree: nodes.document, document: str) -> None:
    """Let each command in code lead to its page."""
    if app.builder.format != "html":
        return
    for literal in list(doctree.findall(nodes.literal)):
        words: list[str] = literal.astext().split()
        program, name = (*words, "", "")[:2]
        is_free = not isinstance(literal.parent, nodes.reference) and document != f"{FOLDER}/{name}"
        if program == PROGRAM and name in COMMANDS and is_free:
            literal.replace_self(make_refnode(app.builder, document, f"{FOLDER}/{name}", "", literal.deepcopy()))
