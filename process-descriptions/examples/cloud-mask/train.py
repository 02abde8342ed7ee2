#!/usr/bin/python3
"""Trains the model of this folder: clouds and their shadows, from six bands.

Data: three labelled scenes of 512 x 512 pixels (Sentinel-2, Landsat 5,
Landsat 7; top-of-atmosphere reflectance) from the tests of dlr-eoc/ukis-csmask
(Apache-2.0), one .npz each with `img` (height, width, 6 bands: blue, green,
red, nir, swir16, swir22) and `msk` (height, width, 1: 0 shadow, 1 to 3 clear,
4 cloud). The right quarter of each scene is held out.

Input of the model: [N, 6, H, W] reflectance 0..1, H and W multiples of 8;
normalisation is inside. Output: [N, 3, H, W] logits of clear, cloud, shadow.

    train.py --data DIR_WITH_NPZ --out DIR [--iterations 600]

About 8 minutes on two cores. Needs numpy and torch.
"""
import argparse
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

SCENES = ("sentinel2", "landsat5", "landsat7")
CLASSES = ("clear", "cloud", "cloud-shadow")
# Label of the data set -> class.
LABELS = np.array([2, 0, 0, 0, 1])
HELD_OUT_FROM = 384  # column
PATCH = 96
BATCH = 6


def block(channels_in: int, channels_out: int) -> nn.Sequential:
    """Two convolutions at one resolution."""
    layers = []
    for channels in (channels_in, channels_out):
        layers += [
            nn.Conv2d(channels, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Three halvings, so that H and W are multiples of 8."""

    def __init__(self, mean, std, classes=len(CLASSES), width=12):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1))
        w = width
        self.down1, self.down2 = block(len(mean), w), block(w, 2 * w)
        self.down3, self.bottom = block(2 * w, 4 * w), block(4 * w, 8 * w)
        self.up3 = nn.ConvTranspose2d(8 * w, 4 * w, 2, 2)
        self.up2 = nn.ConvTranspose2d(4 * w, 2 * w, 2, 2)
        self.up1 = nn.ConvTranspose2d(2 * w, w, 2, 2)
        self.merge3, self.merge2 = block(8 * w, 4 * w), block(4 * w, 2 * w)
        self.merge1 = block(2 * w, w)
        self.head = nn.Conv2d(w, classes, 1)

    def forward(self, image: Tensor) -> Tensor:
        a = self.down1((image - self.mean) / self.std)
        b = self.down2(F.max_pool2d(a, 2))
        c = self.down3(F.max_pool2d(b, 2))
        x = self.bottom(F.max_pool2d(c, 2))
        x = self.merge3(torch.cat([self.up3(x), c], 1))
        x = self.merge2(torch.cat([self.up2(x), b], 1))
        x = self.merge1(torch.cat([self.up1(x), a], 1))
        return self.head(x)


def load(folder: pathlib.Path) -> dict:
    """Scene name -> (bands first, float32; classes)."""
    scenes = {}
    for name in SCENES:
        with np.load(folder / f"{name}.npz") as archive:
            image = archive["img"].transpose(2, 0, 1).astype("float32")
            scenes[name] = (image, LABELS[archive["msk"][..., 0]])
    return scenes


def augmented(image, labels, random):
    """A patch, turned, mirrored, with other light."""
    turns = random.randint(4)
    image, labels = np.rot90(image, turns, (1, 2)), np.rot90(labels, turns)
    if random.rand() < 0.5:
        image, labels = image[:, :, ::-1], labels[:, ::-1]
    gain = 1 + 0.05 * random.randn(image.shape[0], 1, 1)
    image = image * gain + 0.01 * random.randn()
    return (
        torch.from_numpy(np.ascontiguousarray(image, dtype="float32")),
        torch.from_numpy(np.ascontiguousarray(labels)),
    )


def batch(scenes, random):
    names = list(scenes)
    patches = []
    for _ in range(BATCH):
        image, labels = scenes[names[random.randint(len(names))]]
        row = random.randint(0, image.shape[1] - PATCH + 1)
        column = random.randint(0, HELD_OUT_FROM - PATCH + 1)
        window = (slice(row, row + PATCH), slice(column, column + PATCH))
        patches.append(
            augmented(image[(slice(None), *window)], labels[window], random)
        )
    images, labels = zip(*patches)
    return torch.stack(images), torch.stack(labels)


def train(scenes, iterations, seed):
    torch.manual_seed(seed)
    random = np.random.RandomState(seed)
    pixels = np.concatenate(
        [i[:, :, :HELD_OUT_FROM].reshape(6, -1) for i, _ in scenes.values()], 1
    )
    counts = np.bincount(
        np.concatenate(
            [y[:, :HELD_OUT_FROM].ravel() for _, y in scenes.values()]
        ),
        minlength=len(CLASSES),
    )
    # Rare classes weigh more, but not as much more as they are rarer.
    weight = torch.tensor(
        np.sqrt(counts.sum() / (len(CLASSES) * counts)), dtype=torch.float32
    )
    model = UNet(pixels.mean(1), pixels.std(1))
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, iterations)
    model.train()
    for step in range(iterations):
        images, labels = batch(scenes, random)
        loss = F.cross_entropy(model(images), labels, weight=weight)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if (step + 1) % 50 == 0:
            print(f"{step + 1}/{iterations} loss {loss.item():.3f}", flush=True)
    return model.eval()


def score(model, image, labels):
    """On the held-out columns; the network sees the whole scene."""
    with torch.no_grad():
        predicted = model(torch.from_numpy(image)[None])[0].argmax(0).numpy()
    truth, predicted = labels[:, HELD_OUT_FROM:], predicted[:, HELD_OUT_FROM:]
    confusion = np.zeros((len(CLASSES), len(CLASSES)), int)
    np.add.at(confusion, (truth.ravel(), predicted.ravel()), 1)
    total, hits = confusion.sum(), np.diag(confusion)
    by_chance = (confusion.sum(0) * confusion.sum(1)).sum() / total**2
    accuracy = hits.sum() / total
    union = confusion.sum(0) + confusion.sum(1) - hits
    return {
        "accuracy": round(float(accuracy), 4),
        "kappa": round(float((accuracy - by_chance) / (1 - by_chance)), 4),
        "iou": dict(zip(CLASSES, (hits / union).round(3).tolist())),
        "majority_baseline": round(float(confusion.sum(1).max() / total), 3),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--iterations", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    scenes = load(arguments.data)
    model = train(scenes, arguments.iterations, arguments.seed)
    scores = {name: score(model, *scene) for name, scene in scenes.items()}
    print(json.dumps(scores, indent=1))
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.jit.script(model).save(str(arguments.out / "cloud_unet_6band.pt"))
    (arguments.out / "scores.json").write_text(json.dumps(scores, indent=1))


if __name__ == "__main__":
    main()
