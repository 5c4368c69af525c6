"""Source code: the whole file is one element; where to cut it is for the chunker, which knows the language."""

from __future__ import annotations

import re
from collections.abc import Callable

from ingestion.items import Element, Parsed
from ingestion.parsing.text import decode

LANGUAGES = {
    "text/x-python": "python",
    "text/javascript": "javascript",
    "text/typescript": "typescript",
    "text/x-tsx": "tsx",
    "text/x-java": "java",
    "text/x-go": "go",
    "text/x-rust": "rust",
    "text/x-c": "c",
    "text/x-c++": "cpp",
    "text/x-csharp": "csharp",
    "text/x-sh": "bash",
    "text/x-sql": "sql",
    "text/x-kotlin": "kotlin",
    "text/x-scala": "scala",
    "text/x-swift": "swift",
    "text/x-ruby": "ruby",
    "text/x-php": "php",
    "text/x-perl": "perl",
    "text/x-lua": "lua",
    "text/x-r": "r",
    "text/css": "css",
    "text/xml": "xml",
    "application/yaml": "yaml",
    "application/toml": "toml",
    "text/x-ini": "ini",
    "text/x-makefile": "makefile",
    "text/x-dockerfile": "dockerfile",
    "text/x-protobuf": "protobuf",
    "text/x-terraform": "hcl",
    "application/graphql": "graphql",
}
"""Media types of source code and configuration, and the language's name in `programming_language`."""


def parser_of(language: str) -> Callable[[bytes], Parsed]:
    """Return the parser of a programming language's files."""

    def parse_code(data: bytes) -> Parsed:
        text = re.sub(r"\r\n?", "\n", decode(data)).strip("\n")
        return Parsed((Element("code", text),), metadata={"programming_language": language})

    return parse_code
