"""Small synthetic scenes, and models directories with what a test needs."""

import json
import pathlib
import shutil
import subprocess
import sys

from service import EXAMPLES, ROOT


def make_scene(folder, size, name="scene", seed=1):
    """A GeoTIFF of six bands; NAME.json, a STAC Item, lies beside it."""
    path = pathlib.Path(folder) / f"{name}.tif"
    subprocess.run(
        [sys.executable, str(ROOT / "tests" / "data" / "make_scene.py"),
         str(path), "--width", str(size), "--height", str(size), "--seed",
         str(seed)], check=True)
    return path


def copy_model(folder, model="cloud-mask", name=None, change=None):
    """A model of the examples under another name, its item changed by
    change(item, model_asset, path of the artifact)."""
    name = name or model
    target = pathlib.Path(folder) / name
    shutil.copytree(EXAMPLES / model, target)
    path = target / "item.json"
    item = json.loads(path.read_text(encoding="utf-8"))
    item["id"] = name
    asset = next(a for a in item["assets"].values()
                 if "mlm:model" in a.get("roles", []))
    if change:
        change(item, asset, target / asset["href"])
    path.write_text(json.dumps(item), encoding="utf-8")
    return path


def break_artifact(_item, asset, artifact):
    """Bytes that only begin like an archive; the item does not tell."""
    asset.pop("file:checksum", None)
    asset.pop("file:size", None)
    artifact.write_bytes(b"PK\x03\x04 no archive" * 100)


def contradict(item, _asset, _artifact):
    """Three contradictions in one item."""
    model_input = item["properties"]["mlm:input"][0]
    model_input["bands"] = model_input["bands"][:5]
    model_input["value_scaling"] = [
        {"type": "z-score", "mean": 1, "stddev": 0}]
    output = item["properties"]["mlm:output"][0]
    output["classification:classes"] = output["classification:classes"][:2]


CONTRADICTIONS = {"channels-bands-mismatch", "scaling-zero-divisor",
                  "classes-channels-mismatch"}


def falsify_checksum(_item, asset, _artifact):
    given = asset["file:checksum"]
    asset["file:checksum"] = given[:-1] + ("0" if given[-1] != "0" else "1")
