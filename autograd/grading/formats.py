"""A report as other programs read it: JSON, JUnit XML, Gradescope's results.json."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree

from autograd.grading.report import Item, Report
from autograd.io.json_text import json_text

NOT_IN_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def to_json(report: Report) -> str:
    """Everything, as JSON.

    >>> import json
    >>> from autograd import Value
    >>> from autograd.grading import grade
    >>> json.loads(to_json(grade(Value)))["score"]
    100.0
    """
    return json_text(report.to_dict())


def to_junit(report: Report) -> str:
    """A test suite in JUnit's XML: a test case per item; what is wrong is the text of the first that failed."""
    failed = [item for item in report.items if not item.ok]
    suite = ElementTree.Element(
        "testsuite",
        name=_clean(report.name),
        tests=str(len(report.items)),
        failures=str(0 if report.problem else len(failed)),
        errors=str(len(failed) if report.problem else 0),
    )
    for item in report.items:
        case = ElementTree.SubElement(suite, "testcase", classname=_clean(report.name), name=item.name)
        if not item.ok:
            kind = "error" if report.problem else "failure"
            found = ElementTree.SubElement(case, kind, message=f"{item.points:g} of {item.most:g} points")
            found.text = _clean(str(report) if item is failed[0] else _said(item))
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True)


def to_gradescope(report: Report) -> str:
    """Gradescope's results.json: a test per item, and the report as the output of the whole."""
    tests = [
        {
            "name": item.title,
            "number": str(number),
            "score": item.points,
            "max_score": item.most,
            "status": "passed" if item.ok else "failed",
            "output": _said(item),
            "visibility": "visible",
        }
        for number, item in enumerate(report.items, 1)
    ]
    whole: dict[str, Any] = {"output": str(report), "output_format": "text", "visibility": "visible"}
    extra = {"seed": report.seed, "faults": [finding.fault for finding in report.findings]}
    return json_text({**whole, "tests": tests, "extra_data": extra})


def _said(item: Item) -> str:
    return "" if item.ok else f"wrong: {', '.join(filter(None, item.wrong)) or item.title}"


def _clean(text: str) -> str:
    return NOT_IN_XML.sub("?", text)


FORMATS: Mapping[str, Callable[[Report], str]] = {
    "text": str,
    "json": to_json,
    "junit": to_junit,
    "gradescope": to_gradescope,
}
