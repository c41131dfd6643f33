"""What people write in a TOML file that TOML does not know: the line that was read, and how it is written."""

import re

__all__ = ["read_line", "slip_hint"]

_SHOWN = 60  # characters of a line that are told
_AT_LINE = re.compile(r"\(at line (\d+)")
_VALUE = re.compile(r"\s*(?P<key>[\w.\"-]+)\s*(?P<sign>[=:])\s*(?P<value>.*?)\s*(?:#.*)?")
_CURLY = re.compile("[“”„‟«»‘’‚′″]")
_COMMA = re.compile(r"([+-]?\d+),(\d+)")
_DAY = re.compile(r"\d{1,2}([./-])\d{1,2}\1\d{4}")
_WITH_UNIT = re.compile(r"([+-]?\d+(?:[.,]\d+)?)\s*[^\s\d.,:_-].*")
_YES = re.compile(r"yes|no|y|n|true|false", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d][\w .-]*")


def read_line(content: str, said: str) -> str:
    """Return the line of a file that a parser's complaint is about, cut short; empty where it names none."""
    found = _AT_LINE.search(said)
    if found is None:
        return ""
    line = content.split("\n")[int(found[1]) - 1].strip()
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]} …"


def slip_hint(line: str) -> str:
    """Return how the line of a file is written in TOML, by the slip in it; where to read of TOML otherwise."""
    if _CURLY.search(line):
        return 'Write straight quotation marks: ".'
    found = _VALUE.fullmatch(line)
    if found is None:
        return "See https://toml.io for the format."
    key, value = found["key"], found["value"]
    if found["sign"] == ":":
        return f"Write {key} = and then the value."
    if comma := _COMMA.fullmatch(value):
        return f"Write a decimal with a point: {key} = {comma[1]}.{comma[2]}"
    if _DAY.fullmatch(value):
        return f"Write a date with the year first: {key} = 2026-11-02"
    if _YES.fullmatch(value):
        return f"Write {key} = true or {key} = false."
    if number := _WITH_UNIT.fullmatch(value):
        return f"Write the number alone, its unit stands in the key: {key} = {number[1].replace(',', '.')}"
    if _WORD.fullmatch(value):
        return f'Write a text in quotation marks: {key} = "{value}"'
    if "\\" in value:
        return "Write a path with /, such as photographs/face.jpg."
    return "See https://toml.io for the format."
