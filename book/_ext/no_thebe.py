"""Sphinx extension: leave out thebe, which Jupyter Book puts on every page, twice, for a service
that this book does not use."""


def _leave_out(app, pagename, template, context, doctree) -> None:
    context["script_files"] = [
        each
        for each in context.get("script_files", [])
        if "thebe" not in str(getattr(each, "filename", each) or "")
        and "thebe" not in str(getattr(each, "attributes", {}).get("body", ""))
    ]


def setup(app) -> dict:
    app.connect("html-page-context", _leave_out, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
