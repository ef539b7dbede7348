"""Holds manifests against what others publish of them: `manifests.py compose|container-apps FILE...`.

A Compose file is held against the schema of the Compose specification, a Container App against the
types of Azure's own library, and the ranges that their descriptions state.
"""

import json
import os
import re
import sys
import typing

import jsonschema
import typing_extensions
import yaml


def compose(document):
    with open(os.environ["COMPOSE_SCHEMA"], encoding="utf-8") as file:
        validator = jsonschema.Draft7Validator(json.load(file))
    for error in validator.iter_errors(document):
        yield f"{'.'.join(map(str, error.path))}: {error.message}"


def container_apps(document):
    from azure.mgmt.appcontainers import models, types

    names = vars(models) | vars(types)
    yield from differences(names, types.ContainerAppProperties, document["properties"], "properties")
    # The library reads it too, and writes the same again.
    app = models.ContainerApp({"location": "here", **document})
    if app.as_dict()["properties"] != document["properties"]:
        yield "properties: read as something else"
    for container in document["properties"]["template"]["containers"]:
        kinds = [probe["type"] for probe in container.get("probes", [])]
        if len(kinds) != len(set(kinds)):
            yield "properties.template.containers.probes: two of one type"
        for probe in container.get("probes", []):
            if probe["type"] != "Readiness" and probe.get("successThreshold", 1) != 1:
                yield f"{probe['type']}.successThreshold: must be 1"


def differences(names, kind, value, where):
    """What of a value is not of a type: unknown members, other types, numbers out of their range."""
    if typing_extensions.is_typeddict(kind):
        if not isinstance(value, dict):
            yield f"{where}: no mapping"
            return
        known = typing_extensions.get_type_hints(kind, names)
        for name, member in value.items():
            if name not in known:
                yield f"{where}.{name}: unknown"
                continue
            yield from differences(names, known[name], member, f"{where}.{name}")
            yield from out_of_range(kind, name, member, f"{where}.{name}")
    elif typing.get_origin(kind) is list:
        for number, item in enumerate(value):
            yield from differences(names, typing.get_args(kind)[0], item, f"{where}.{number}")
    elif typing.get_origin(kind) is typing.Union:
        words = [word.value for word in typing.get_args(kind)[1]]
        if value not in words:
            yield f"{where}: {value!r} is none of {words}"
    elif not (isinstance(value, kind) and isinstance(value, bool) == (kind is bool)):
        yield f"{where}: {value!r} is no {kind.__name__}"


def out_of_range(kind, name, value, where):
    described = re.sub(r"\s+", " ", kind.__doc__ or "")
    described = described.partition(f":ivar {name}:")[2].partition(":ivar")[0]
    least = re.search(r"Minimum value is (\d+)", described)
    most = re.search(r"Maximum value is (\d+)", described)
    if least and value < int(least[1]):
        yield f"{where}: {value} is less than {least[1]}"
    if most and value > int(most[1]):
        yield f"{where}: {value} is more than {most[1]}"


def main():
    find = {"compose": compose, "container-apps": container_apps}[sys.argv[1]]
    found = []
    for name in sys.argv[2:]:
        with open(name, encoding="utf-8") as file:
            found += find(yaml.safe_load(file))
    print("\n".join(found) or "no difference")
    sys.exit(bool(found))


main()
