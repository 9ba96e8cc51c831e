"""Sphinx extension: what the theme puts on every page, put right.

Thebe is left out, which Jupyter Book loads twice for a service that this book does not use. The
launch button opens the notebook's clean source: the executed copy that the page shows has
parameters of the machine it ran on.
"""


def _leave_out_thebe(app, pagename, template, context, doctree) -> None:
    context["script_files"] = [
        each
        for each in context.get("script_files", [])
        if "thebe" not in str(getattr(each, "filename", each) or "")
        and "thebe" not in str(getattr(each, "attributes", {}).get("body", ""))
    ]


def _launch_sources(app, pagename, template, context, doctree) -> None:
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if "colab" in button.get("url", ""):
                button["url"] = button["url"].replace("/book/executed/", "/notebooks/")


def setup(app) -> dict:
    app.connect("html-page-context", _leave_out_thebe, priority=900)
    app.connect("html-page-context", _launch_sources, priority=901)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
