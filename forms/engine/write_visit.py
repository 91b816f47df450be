"""The XML of a visit, written as Collect writes it."""

from xml.sax.saxutils import escape, quoteattr

from forms.engine.answer_tree import AnswerNode
from forms.engine.compile_form import FillableForm


def write_node(form: FillableForm, node: AnswerNode, out: list[str], extra: str = "") -> None:
    """Write a node with all that is asked below it."""
    shape = form.nodes[node.path]
    attributes = "".join(f" {key}={quoteattr(value)}" for key, value in shape.attributes)
    inner: list[str] = []
    for rounds in node.children.values():
        for child in rounds:
            if child.live and child.name.startswith("@"):
                attributes += f" {form.nodes[child.path].tag}={quoteattr(child.text)}"
            elif child.live:
                write_node(form, child, inner)
    content = "".join(inner) or escape(node.text)
    start = f"<{shape.tag}{extra}{attributes}"
    out.append(f"{start}>{content}</{shape.tag}>" if content else f"{start} />")
