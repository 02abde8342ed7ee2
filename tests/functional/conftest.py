"""What the functional tests share."""

import os
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))


def pytest_configure(config):
    """The report goes where tests/tools/run_tests.py counts."""
    reports = os.environ.get("PUSHBROOM_TEST_REPORTS")
    if reports and not config.option.xmlpath:
        name = pathlib.Path(config.args[0]).stem
        config.option.xmlpath = str(pathlib.Path(reports) / f"{name}.xml")


@pytest.fixture(scope="session")
def data():
    """The folder of real rasters; the test fails where it is absent."""
    folder = pathlib.Path(os.environ.get(
        "PUSHBROOM_TEST_DATA", ROOT.parent / "shared" / "data"))
    assert folder.is_dir(), (
        f"test data are absent: {folder} "
        "(set PUSHBROOM_TEST_DATA to the folder that has them)")
    return folder
