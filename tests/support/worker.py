"""`pushbroom-worker run`, and the same model run by Python over the whole image."""

import json
import os
import pathlib
import subprocess

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("PUSHBROOM_BIN",
                                  ROOT / "build" / "release" / "bin"))
EXAMPLES = ROOT / "process-descriptions" / "examples"


def run(model, scene, out, inputs=None, check=True, environment=None):
    """One job without a server. Gives its JSON, or the finished process."""
    command = [str(BIN / "pushbroom-worker"), "run", "--json",
               str(EXAMPLES / model / "item.json"), str(scene), "-o", str(out)]
    for name, value in (inputs or {}).items():
        text = value if isinstance(value, str) else json.dumps(value)
        command += ["--input", f"{name}={text}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env=dict(os.environ, **(environment or {})))
    if not check:
        return done
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def model_item(model):
    return json.loads((EXAMPLES / model / "item.json").read_text("utf-8"))


def class_values(model):
    """Value written for each output channel."""
    output = model_item(model)["properties"]["mlm:output"][0]
    return [c["value"] for c in output["classification:classes"]]


def whole_image_logits(model, values):
    """[channel, row, column] of the TorchScript over the whole image at once.

    The image is mirrored up to a multiple of 8 and the result cropped, so that
    pixels at the right and lower edge see something; callers compare inside.
    """
    import torch
    torch.set_num_threads(2)
    item = model_item(model)
    asset = next(a for a in item["assets"].values()
                 if "mlm:model" in a.get("roles", []))
    module = torch.jit.load(str(EXAMPLES / model / asset["href"])).eval()
    height, width = values.shape[1:]
    padded = np.pad(values.astype("float32"),
                    ((0, 0), (0, -height % 8), (0, -width % 8)), "reflect")
    with torch.no_grad():
        logits = module(torch.from_numpy(padded)[None])[0].numpy()
    return logits[:, :height, :width]


def agreement(got, expected, margin):
    """Share of equal pixels at least `margin` from the edge of the scene."""
    if margin:
        inside = (slice(margin, -margin), slice(margin, -margin))
        got, expected = got[inside], expected[inside]
    assert got.size > 0
    return float((got == expected).mean())
