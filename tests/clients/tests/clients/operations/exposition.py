"""Reads metrics as the official client of Prometheus for Python does, which is strict.

Of each file that is named: how many families and samples are in it, and the names of children."""

import json
import sys

from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics


def families(text):
    if text.endswith("# EOF\n"):
        return openmetrics.text_string_to_metric_families(text)
    return parser.text_string_to_metric_families(text)


for name in sys.argv[1:]:
    with open(name, encoding="utf-8", newline="") as file:
        found = list(families(file.read()))
    samples = [sample for family in found for sample in family.samples]
    children = {sample.labels["child"] for sample in samples if "child" in sample.labels}
    print(json.dumps([len(found), len(samples), sorted(children)]))
