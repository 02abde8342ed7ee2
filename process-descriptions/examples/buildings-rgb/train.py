#!/usr/bin/python3
"""Trains the model of this folder: buildings, from red, green and blue.

Data: the sample of hotosm/fAIr-models: 48 chips of 512 x 512 pixels at zoom 19
(about 0.13 m; OpenAerialMap, CC BY 4.0) over Banepa in Nepal,
`OAM-<column>-<row>-19.tif` with a georeference beside them, and the building
footprints of OpenStreetMap (ODbL), `osm_*.geojson`. Chips are averaged 2 x 2
to about 0.26 m. Those of the two easternmost columns are held out.

Input of the model: [N, 3, H, W] values 0..255, H and W multiples of 8;
normalisation is inside. Output: [N, 1, H, W] logit of building.

    train.py --data DIR_WITH_CHIPS --out DIR [--iterations 500]

About 2 minutes on two cores. Needs numpy, torch and rasterio.
"""
import argparse
import json
import pathlib

import numpy as np
import rasterio
import rasterio.features
import torch
import torch.nn.functional as F
from torch import Tensor, nn

CHIP = 512
HELD_OUT_FROM = 386694  # tile column
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

    def __init__(self, mean, std, width=12):
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
        self.head = nn.Conv2d(w, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        a = self.down1((image - self.mean) / self.std)
        b = self.down2(F.max_pool2d(a, 2))
        c = self.down3(F.max_pool2d(b, 2))
        x = self.bottom(F.max_pool2d(c, 2))
        x = self.merge3(torch.cat([self.up3(x), c], 1))
        x = self.merge2(torch.cat([self.up2(x), b], 1))
        x = self.merge1(torch.cat([self.up1(x), a], 1))
        return self.head(x)


def halved(array):
    """The mean of every 2 x 2 pixels of the last two axes."""
    shape = array.shape[:-2] + (CHIP // 2, 2, CHIP // 2, 2)
    return array.reshape(shape).mean((-3, -1))


def load(folder: pathlib.Path):
    """Training and held-out chips: (3 bands, float32; 0 or 1)."""
    features = json.loads(next(folder.glob("osm_*.geojson")).read_text())
    shapes = [feature["geometry"] for feature in features["features"]]
    training, held_out = [], []
    for path in sorted(folder.glob("OAM-*.tif")):
        with rasterio.open(path) as chip:
            image = chip.read().astype("float32")
            labels = rasterio.features.rasterize(
                shapes, out_shape=(CHIP, CHIP), transform=chip.transform
            )
        sample = (halved(image), (halved(labels) >= 0.5).astype("int64"))
        column = int(path.name.split("-")[1])
        (held_out if column >= HELD_OUT_FROM else training).append(sample)
    return training, held_out


def augmented(image, labels, random):
    """A patch, turned, mirrored, with other light."""
    turns = random.randint(4)
    image, labels = np.rot90(image, turns, (1, 2)), np.rot90(labels, turns)
    if random.rand() < 0.5:
        image, labels = image[:, :, ::-1], labels[:, ::-1]
    image = image * (1 + 0.1 * random.randn()) + 8 * random.randn(3, 1, 1)
    return (
        torch.from_numpy(np.ascontiguousarray(image, dtype="float32")),
        torch.from_numpy(np.ascontiguousarray(labels)),
    )


def batch(samples, random):
    patches = []
    for _ in range(BATCH):
        image, labels = samples[random.randint(len(samples))]
        row, column = random.randint(0, image.shape[1] - PATCH + 1, 2)
        window = (slice(row, row + PATCH), slice(column, column + PATCH))
        patches.append(
            augmented(image[(slice(None), *window)], labels[window], random)
        )
    images, labels = zip(*patches)
    return torch.stack(images), torch.stack(labels)


def loss_of(logits, truth):
    """Cross-entropy for the pixels, Dice for the shape of the whole."""
    probability = torch.sigmoid(logits)
    overlap = 2 * (probability * truth).sum() + 1
    dice = overlap / (probability.sum() + truth.sum() + 1)
    return F.binary_cross_entropy_with_logits(logits, truth) + 1 - dice


def train(samples, iterations, seed):
    torch.manual_seed(seed)
    random = np.random.RandomState(seed)
    model = UNet(
        np.mean([image.mean((1, 2)) for image, _ in samples], 0).tolist(),
        np.mean([image.std((1, 2)) for image, _ in samples], 0).tolist(),
    )
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, iterations)
    model.train()
    for step in range(iterations):
        images, labels = batch(samples, random)
        loss = loss_of(model(images)[:, 0], labels.float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if (step + 1) % 50 == 0:
            print(f"{step + 1}/{iterations} loss {loss.item():.3f}", flush=True)
    return model.eval()


def score(model, samples):
    counts = np.zeros(4, int)  # true and predicted, as two bits
    with torch.no_grad():
        for image, labels in samples:
            logits = model(torch.from_numpy(image)[None])[0, 0].numpy()
            pairs = 2 * labels + (logits > 0)
            counts += np.bincount(pairs.ravel(), minlength=4)
    true_negative, false_positive, false_negative, true_positive = counts
    numbers = {
        "accuracy": (true_positive + true_negative) / counts.sum(),
        "iou": true_positive / (counts.sum() - true_negative),
        "precision": true_positive / (true_positive + false_positive),
        "recall": true_positive / (true_positive + false_negative),
        "majority_baseline": (true_negative + false_positive) / counts.sum(),
    }
    return {name: round(float(value), 3) for name, value in numbers.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--iterations", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    training, held_out = load(arguments.data)
    model = train(training, arguments.iterations, arguments.seed)
    scores = {"held_out": score(model, held_out), "train": score(model, training)}
    print(json.dumps(scores, indent=1))
    arguments.out.mkdir(parents=True, exist_ok=True)
    torch.jit.script(model).save(str(arguments.out / "buildings_unet_rgb.pt"))
    (arguments.out / "scores.json").write_text(json.dumps(scores, indent=1))


if __name__ == "__main__":
    main()
