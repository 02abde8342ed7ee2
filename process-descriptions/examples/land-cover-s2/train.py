#!/usr/bin/python3
"""Trains land cover from Sentinel-2: the U-Net of this folder, and the
per-pixel network of ../land-cover-s2-mlp.

Data: the example patch of sentinel-hub/eo-learn (MIT; contains modified
Copernicus Sentinel data; labels: Slovenian land use):
`REFERENCE_SCENES.npy`, 5 dates x 101 x 100 pixels x 13 bands of L1C
reflectance, and `LULC.npy`, 101 x 100 x 1. Every third block of 20 x 20
pixels is held out. The first two dates are clouded and not used.

Input of both: [N, 13, H, W] top-of-atmosphere reflectance 0..1, B01 to B12
with B8A after B08; normalisation is inside. H and W are multiples of 4 for the
U-Net. Output: [N, 4, H, W] logits.

    train.py --data DIR_WITH_NPY --out DIR [--model unet|mlp|both]

About a minute on two cores. Needs numpy and torch.
"""
import argparse
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

CLASSES = ("forest", "grassland", "shrubland", "artificial")
# Value in LULC.npy -> class.
LABELS = {2: 0, 3: 1, 4: 2, 8: 3}
IGNORED = 255
CLEAR_DATES = (2, 3, 4)
BANDS = 13
BLOCK = 20
PATCH = 48
BATCH = 8
ITERATIONS = {"mlp": 900, "unet": 600}


class Normalized(nn.Module):
    """What both networks begin with."""

    def __init__(self, mean, std):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        return (image - self.mean) / self.std


class Mlp(nn.Module):
    """Looks at one pixel: any H and W."""

    def __init__(self, mean, std, width=48):
        super().__init__()
        self.layers = nn.Sequential(
            Normalized(mean, std),
            nn.Conv2d(BANDS, width, 1),
            nn.ReLU(),
            nn.Conv2d(width, width, 1),
            nn.ReLU(),
            nn.Conv2d(width, len(CLASSES), 1),
        )

    def forward(self, image: Tensor) -> Tensor:
        return self.layers(image)


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
    """Two halvings, so that H and W are multiples of 4."""

    def __init__(self, mean, std, width=16):
        super().__init__()
        w = width
        self.normalized = Normalized(mean, std)
        self.down1, self.down2 = block(BANDS, w), block(w, 2 * w)
        self.bottom = block(2 * w, 4 * w)
        self.up2 = nn.ConvTranspose2d(4 * w, 2 * w, 2, 2)
        self.up1 = nn.ConvTranspose2d(2 * w, w, 2, 2)
        self.merge2, self.merge1 = block(4 * w, 2 * w), block(2 * w, w)
        self.head = nn.Conv2d(w, len(CLASSES), 1)

    def forward(self, image: Tensor) -> Tensor:
        a = self.down1(self.normalized(image))
        b = self.down2(F.max_pool2d(a, 2))
        x = self.bottom(F.max_pool2d(b, 2))
        x = self.merge2(torch.cat([self.up2(x), b], 1))
        x = self.merge1(torch.cat([self.up1(x), a], 1))
        return self.head(x)


NETWORKS = {"mlp": Mlp, "unet": UNet}


def load(folder: pathlib.Path):
    """Scenes [date, band, row, column], labels to train on and to test on."""
    scenes = np.load(folder / "REFERENCE_SCENES.npy")
    scenes = scenes.transpose(0, 3, 1, 2).astype("float32")
    raw = np.load(folder / "LULC.npy")[..., 0]
    labels = np.full(raw.shape, IGNORED, "int64")
    for value, index in LABELS.items():
        labels[raw == value] = index
    rows, columns = np.mgrid[: raw.shape[0], : raw.shape[1]]
    held_out = (rows // BLOCK + 2 * (columns // BLOCK)) % 3 == 0
    return (
        scenes,
        np.where(held_out, IGNORED, labels),
        np.where(held_out, labels, IGNORED),
        held_out,
    )


def batch(scenes, labels):
    images, targets = [], []
    for _ in range(BATCH):
        date = CLEAR_DATES[np.random.randint(len(CLEAR_DATES))]
        row = np.random.randint(0, labels.shape[0] - PATCH + 1)
        column = np.random.randint(0, labels.shape[1] - PATCH + 1)
        window = (slice(row, row + PATCH), slice(column, column + PATCH))
        turns = np.random.randint(4)
        image = torch.rot90(scenes[(date, slice(None), *window)], turns, (1, 2))
        target = torch.rot90(labels[window], turns, (0, 1))
        if np.random.rand() < 0.5:
            image, target = image.flip(2), target.flip(1)
        gain = 1 + 0.03 * torch.randn(BANDS, 1, 1)
        images.append(image * gain + 0.005 * torch.randn(1))
        targets.append(target)
    return torch.stack(images), torch.stack(targets)


def train(name, scenes, labels, held_out, iterations, seed):
    torch.manual_seed(seed)
    np.random.seed(seed)
    pixels = scenes.transpose(1, 0, 2, 3)[:, :, ~held_out][:, CLEAR_DATES]
    model = NETWORKS[name](pixels.mean((1, 2)), pixels.std((1, 2)))
    counts = np.bincount(labels[labels != IGNORED], minlength=len(CLASSES))
    # Rare classes weigh more, but not as much more as they are rarer.
    weight = torch.tensor(
        np.sqrt(counts.sum() / (len(CLASSES) * counts)), dtype=torch.float32
    )
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, iterations)
    scenes, labels = torch.from_numpy(scenes), torch.from_numpy(labels)
    model.train()
    for step in range(iterations):
        images, targets = batch(scenes, labels)
        loss = F.cross_entropy(
            model(images), targets, weight=weight, ignore_index=IGNORED
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if (step + 1) % 100 == 0:
            print(f"{name} {step + 1}/{iterations} loss {loss.item():.3f}",
                  flush=True)
    return model.eval()


def score(model, scenes, labels):
    confusion = np.zeros((len(CLASSES), len(CLASSES)), int)
    height, width = labels.shape
    known = labels != IGNORED
    for date in CLEAR_DATES:
        image = torch.from_numpy(scenes[date : date + 1])
        image = F.pad(image, (0, -width % 4, 0, -height % 4), mode="replicate")
        with torch.no_grad():
            logits = model(image)[0, :, :height, :width]
        predicted = logits.argmax(0).numpy()
        np.add.at(confusion, (labels[known], predicted[known]), 1)
    hits = np.diag(confusion)
    recall = hits / confusion.sum(1)
    union = confusion.sum(0) + confusion.sum(1) - hits
    return {
        "accuracy": round(float(hits.sum() / confusion.sum()), 3),
        "balanced_accuracy": round(float(recall.mean()), 3),
        "majority_baseline": round(
            float(confusion.sum(1).max() / confusion.sum()), 3
        ),
        "recall": dict(zip(CLASSES, recall.round(3).tolist())),
        "iou": dict(zip(CLASSES, (hits / union).round(3).tolist())),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--model", choices=("unet", "mlp", "both"),
                        default="both")
    parser.add_argument("--iterations", type=int,
                        help="default: 600 for the U-Net, 900 for the MLP")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    scenes, training, test, held_out = load(arguments.data)
    arguments.out.mkdir(parents=True, exist_ok=True)
    chosen = NETWORKS if arguments.model == "both" else [arguments.model]
    scores = {}
    for name in chosen:
        iterations = arguments.iterations or ITERATIONS[name]
        model = train(name, scenes, training, held_out, iterations,
                      arguments.seed)
        scores[name] = score(model, scenes, test)
        torch.jit.script(model).save(str(arguments.out / f"s2_lulc_{name}.pt"))
    print(json.dumps(scores, indent=1))
    (arguments.out / "scores.json").write_text(json.dumps(scores, indent=1))


if __name__ == "__main__":
    main()
