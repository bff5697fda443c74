"""``twins doctor``: what there is on this machine."""

from __future__ import annotations

import argparse
import json
import platform
from dataclasses import asdict

from twins.cli.codes import DONE, FAILED


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("--json", action="store_true", help="one JSON object")


def act(options: argparse.Namespace) -> int:
    """Looks and tells; the exit code."""
    from twins.engines.doctor import examine, package_versions

    versions = package_versions()
    findings = []
    if not options.json:
        print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
        print(", ".join(f"{name} {number}" for name, number in versions.items()))
    group = ""
    for finding in examine():
        findings.append(finding)
        if options.json:
            continue
        if finding.group != group:
            group = finding.group
            print(f"\n{group}")
        print(f"  {'yes' if finding.there else 'no':3}  {finding.name}: {finding.enables}")
        if finding.what:
            print(f"       {finding.what}")
        if not finding.there:
            print(f"       to get it: {finding.get}")
    native = next(finding for finding in findings if finding.name == "native")
    code = DONE if native.there else FAILED
    if options.json:
        found = {
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "packages": versions,
            "findings": [asdict(finding) for finding in findings],
            "exit": code,
        }
        print(json.dumps(found))
    return code
