"""Configure Sphinx: pages in Markdown, the look of Flask's own, nothing from elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from flask_webhook_alerts import __version__

project = "Flask-Webhook-Alerts"
author = "The authors of Flask-Webhook-Alerts"
project_copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "pallets_sphinx_themes", "docs_builder"]
exclude_patterns = ["_build"]
nitpicky = True
# Foreign names are text here, not links: an inventory of theirs would have to be fetched.
nitpick_ignore_regex = [
    ("py:.*", r"(blinker|click|collections|dt|datetime|enum|flask|sa|sqlalchemy)\..*"),
    ("py:.*", r"(t|typing|werkzeug)\..*"),
    ("py:.*", r"(Authorize|Blueprint|CollectorRegistry|Flask|FieldErrors)"),
    ("py:.*", r"(object|type|bool|int|str|dict|None|optional)"),
]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
python_use_unqualified_type_names = True

toc_object_entries_show_parents = "hide"

html_theme = "flask"
html_title = project
html_theme_options = {"globaltoc_maxdepth": "1"}
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_copyright = False
html_copy_source = False
# The theme's other side box would ask a server for advertisements, its banner one for versions.
html_sidebars = {"**": ["searchbox.html", "globaltoc.html", "localtoc.html", "relations.html"]}
version_banner = False
