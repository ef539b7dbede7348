"""Compares the review of dependencies, or prints facts of them, by what `cargo metadata` says."""

import glob
import json
import os
import re
import sys

LIBRARIES = ["health-macros", "health-core", "health-actix", "health-indicators"]


def direct(metadata):
    """The packages that a library depends on, by name: those that are not for tests alone."""
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    found = {}
    for library in metadata["packages"]:
        if library["name"] not in LIBRARIES or library["source"] is not None:
            continue
        for dependency in nodes[library["id"]]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                package = packages[dependency["pkg"]]
                if package["name"] not in LIBRARIES[1:]:
                    found[package["name"]] = package
    return found, nodes


def reviewed(page):
    """The versions in the tables, by name."""
    found = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) < 3 or not re.match(r"\d", cells[1]):
            continue
        names, versions = cells[0].split(", "), cells[1].split(", ")
        # One version may stand for all of a row.
        found.update(zip(names, versions if len(versions) == len(names) else versions * len(names)))
    return found


def compatible(version):
    """What has to be equal for semver to call two versions compatible."""
    major, minor = version.split(".")[:2]
    return (major, minor if major == "0" else "")


def facts(package, nodes):
    root = os.path.dirname(package["manifest_path"])
    count = 0
    for file in glob.glob(root + "/src/**/*.rs", recursive=True):
        with open(file, errors="replace") as source:
            count += len(re.findall(r"\bunsafe\s*(?:\{|impl|fn|extern)", source.read()))
    kinds = {kind for target in package["targets"] for kind in target["kind"]}
    below, waiting = set(), [package["id"]]
    while waiting:
        for dependency in nodes[waiting.pop()]["deps"]:
            if dependency["pkg"] not in below and any(k["kind"] is None for k in dependency["dep_kinds"]):
                below.add(dependency["pkg"])
                waiting.append(dependency["pkg"])
    script = "build script" if "custom-build" in kinds else ""
    return [package["name"], package["version"], package["license"], f"unsafe {count}", script,
            f"{len(below)} crates below", package["repository"] or ""]


def main():
    found, nodes = direct(json.load(sys.stdin))
    if sys.argv[2:] == ["--facts"]:
        for name in sorted(found):
            print(" | ".join(facts(found[name], nodes)))
        return
    with open(sys.argv[1]) as page:
        notes = reviewed(page.read())
    wrong = [f"{name} {found[name]['version']} has no review" for name in found if name not in notes]
    wrong += [f"{name} is reviewed and no longer used" for name in notes if name not in found]
    wrong += [
        f"{name} was reviewed at {notes[name]}, and is {found[name]['version']}"
        for name in found
        if name in notes and compatible(notes[name]) != compatible(found[name]["version"])
    ]
    for line in sorted(wrong):
        print(f"{sys.argv[1]}: {line}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


main()
