"""Markdown tables, read back."""


def rows(text: str) -> list[list[str]]:
    """Return the cells of every line of a table: its header, marks of alignment, and rows."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]
