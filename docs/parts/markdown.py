"""What every generated part is written with: a table, a link to a source, text that Markdown leaves as it is."""

from collections.abc import Iterable, Sequence

__all__ = ["cited", "plain", "table"]


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table of Markdown; line ends within a cell become spaces."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(" ".join(str(cell).split()) for cell in line) + " |" for line in lines)


def cited(key: str) -> str:
    """Return the link from a page of a guide or a method to a source."""
    return f"[{key}](../sources.md#{key})"


def plain(text: str) -> str:
    """Return text without what BibTeX and Markdown would read as marks."""
    return text.replace("{", "").replace("}", "").replace("<", "&lt;").replace("|", "\\|")
