"""Runs every test and ends with one line that counts their cases.

./dev test [ctest arguments…], for example -L unit or -R batcher
"""

import os
import pathlib
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"
REPORTS = BUILD / "test-reports"


def count_cases():
    """Cases by outcome, from the reports that gtest and pytest write."""
    total = failed = skipped = 0
    for report in REPORTS.glob("*.xml"):
        for suite in ET.parse(report).getroot().iter("testsuite"):
            total += int(suite.get("tests", 0))
            failed += int(suite.get("failures", 0))
            failed += int(suite.get("errors", 0))
            skipped += int(suite.get("skipped", 0) or 0)
    return total, failed, skipped


def main():
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True)
    environment = dict(os.environ, GTEST_OUTPUT=f"xml:{REPORTS}/",
                       PUSHBROOM_TEST_REPORTS=str(REPORTS))
    ctest = subprocess.run(
        ["ctest", "--test-dir", str(BUILD), "--output-on-failure",
         *sys.argv[1:]], env=environment, check=False)
    total, failed, skipped = count_cases()
    if ctest.returncode != 0 and failed == 0:
        failed = 1  # a binary that crashed or timed out wrote no report
        total += 1
    passed = total - failed - skipped
    print(f"{passed} passed, {failed} failed"
          + (f", {skipped} skipped" if skipped else ""))
    return 0 if ctest.returncode == 0 and failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
