"""What tree-sitter's grammars call functions and classes, and how a definition announces itself."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from ingestion.chunking.identity import squeezed

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

GRAMMARS = {
    **{name: (f"tree_sitter_{name}", "language") for name in ("bash", "c", "cpp", "go", "java", "javascript")},
    **{name: (f"tree_sitter_{name}", "language") for name in ("python", "rust")},
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
}
"""Module and function of each language's grammar."""

_LAMBDAS = ("function_expression", "arrow_function")
_DEFINITIONS = frozenset((
    *_LAMBDAS, "function_definition", "function_declaration", "generator_function_declaration", "function_item",
    "macro_definition", "method_definition", "method_declaration", "constructor_declaration",
    "compact_constructor_declaration", "class_definition", "class_declaration", "abstract_class_declaration",
    "class_specifier", "interface_declaration", "enum_declaration", "enum_specifier", "enum_item",
    "record_declaration", "annotation_type_declaration", "struct_specifier", "struct_item", "union_specifier",
    "union_item", "trait_item", "impl_item", "type_declaration",
))  # fmt: skip
_SCOPES = frozenset(("namespace_definition", "mod_item", "linkage_specification", "preproc_ifdef", "preproc_if"))
_LEADING = ("comment", "attribute_item", "annotation")
_LABEL_LENGTH = 120


@cache
def parser(language: str) -> Parser:
    """Return the parser of a language `GRAMMARS` names."""
    from tree_sitter import Language, Parser

    module, function = GRAMMARS[language]
    return Parser(Language(getattr(import_module(module), function)()))


def is_leading(node: Node) -> bool:
    """Return whether a node says something about the one that follows: a comment or an attribute."""
    return any(kind in node.type for kind in _LEADING)


def is_scope(node: Node) -> bool:
    """Return whether a node only surrounds definitions, as a namespace does."""
    return node.type in _SCOPES


def unwrapped(node: Node) -> Node:
    """Return the definition inside decorators, `export`, `template <…>` or `const name = …`."""
    for field in ("definition", "declaration"):
        if (inner := node.child_by_field_name(field)) is not None:
            return unwrapped(inner)
    if node.type == "template_declaration" and node.named_children:
        return node.named_children[-1]
    if node.type == "lexical_declaration" and node.named_children:
        value = node.named_children[0].child_by_field_name("value")
        return value if value is not None and value.type in _LAMBDAS else node
    return node


def body(node: Node) -> Node | None:
    """Return what holds the members of a class or scope; a function has none worth cutting by."""
    if node.type.startswith("preproc_"):
        return node
    return None if "function" in node.type or "method" in node.type else node.child_by_field_name("body")


def label(node: Node, source: bytes) -> str:
    """Return a definition's text up to its name, `class Foo`, `async def bar`, `impl A for B`; "" of others."""
    node = unwrapped(node)
    if node.type not in _DEFINITIONS and (node.type not in _SCOPES or node.type.startswith("preproc_")):
        return ""
    if node.type in _LAMBDAS and node.parent is not None and node.parent.parent is not None:
        start, end = node.parent.parent.start_byte, node.parent.start_byte
        named = node.parent.child_by_field_name("name")
        end = named.end_byte if named else end
    elif (named := _name(node)) is not None:
        start, end = max(node.start_byte, source.rfind(b"\n", 0, named.start_byte) + 1), named.end_byte
    else:
        inside = node.child_by_field_name("body")
        start, end = node.start_byte, inside.start_byte if inside else node.start_byte
    return squeezed(source[start:end].decode())[:_LABEL_LENGTH]


def _name(node: Node) -> Node | None:
    """Return the node of a definition's name; in C it is at the end of a chain of declarators."""
    if node.type == "type_declaration":
        node = node.named_children[0] if node.named_children else node
    found = node.child_by_field_name("name")
    declarator = node.child_by_field_name("declarator")
    while declarator is not None:
        found = declarator
        declarator = declarator.child_by_field_name("declarator")
    return found
