"""The published catalogue, read and validated by pystac.

A scene is run over HTTP twice; what the service published must be a STAC
catalogue to pystac: every object valid against the core schemas of STAC 1.1
(which pystac brings along), every link resolvable, every asset there.
Ends with a line that counts the checks.
"""

import pathlib
import subprocess
import sys

import pystac
from pystac.validation.stac_validator import JsonSchemaSTACValidator

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from service import Service  # noqa: E402


def publish(folder):
    scene = folder / "scene.tif"
    subprocess.run(["/usr/bin/python3", str(ROOT / "tests/data/make_scene.py"),
                    str(scene), "--width", "600", "--height", "500"],
                   check=True)
    with Service(folder / "data", file_roots=[folder]) as service:
        name = imagery(service)
        jobs = [service.submit("cloud-mask", {name: {"href": str(path)}})
                for path in (scene, scene.with_suffix(".json"))]
        for job in jobs:
            status = service.wait(job)
            assert status["status"] == "successful", status
            service.item_file(job)
    return jobs


def imagery(service):
    inputs = service.get("/processes/cloud-mask").json()["inputs"]
    return next(name for name, value in inputs.items()
                if value.get("minOccurs", 1) > 0)


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    jobs = publish(folder)
    validator = JsonSchemaSTACValidator()
    checks = 0
    root = pystac.Catalog.from_file(str(folder / "data/catalog/catalog.json"))
    for place, _, items in root.walk():
        kind = place.STAC_OBJECT_TYPE
        validator.validate_core(place.to_dict(), kind, "1.1.0")
        checks += 1
        for item in items:
            validator.validate_core(item.to_dict(),
                                    pystac.STACObjectType.ITEM, "1.1.0")
            for asset in item.assets.values():
                assert pathlib.Path(asset.get_absolute_href()).is_file()
            checks += 1
    ids = sorted(item.id for item in root.get_items(recursive=True))
    assert ids == sorted(jobs), (ids, jobs)
    print(f"{checks + 1} passed, 0 failed")


if __name__ == "__main__":
    main()
