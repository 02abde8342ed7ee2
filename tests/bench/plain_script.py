"""What a person writes without us: windowed reads, batches, a linear blend.

The same model, tile, overlap, batch and threads as the service's job, with the
whole scene's logits in memory, as the tools people use do it.

  plain_script.py MODEL.pt SCENE.tif OUT.tif --channels C [--scale S] …
Prints {"seconds": s, "tiles": n, "peak_memory_bytes": b}.
"""

import argparse
import json
import resource
import time

import numpy as np
import torch
from osgeo import gdal

gdal.UseExceptions()


def ramp(tile, overlap):
    weights = np.ones(tile, "float32")
    rise = (np.arange(overlap) + 0.5) / overlap
    weights[:overlap] = rise
    weights[-overlap:] = rise[::-1]
    return weights


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("scene")
    parser.add_argument("out")
    parser.add_argument("--channels", type=int, required=True)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--tile", type=int, default=512)
    parser.add_argument("--overlap", type=int, default=64)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    module = torch.jit.load(args.model).eval()
    start = time.monotonic()
    scene = gdal.Open(args.scene)
    width, height = scene.RasterXSize, scene.RasterYSize
    tile, stride = args.tile, args.tile - args.overlap
    total = np.zeros((args.channels, height, width), "float32")
    weight = np.zeros((height, width), "float32")
    one = ramp(tile, args.overlap)
    window = one[:, None] * one[None, :]
    rows = list(range(0, max(1, height - args.overlap), stride))
    columns = list(range(0, max(1, width - args.overlap), stride))
    places = [(y, x) for y in rows for x in columns]
    with torch.inference_mode():
        for begin in range(0, len(places), args.batch):
            part = places[begin:begin + args.batch]
            batch = np.zeros((len(part), scene.RasterCount, tile, tile),
                             "float32")
            for i, (y, x) in enumerate(part):
                h, w = min(tile, height - y), min(tile, width - x)
                values = scene.ReadAsArray(x, y, w, h).astype("float32")
                batch[i] = np.pad(values * args.scale,
                                  ((0, 0), (0, tile - h), (0, tile - w)),
                                  "reflect")
            logits = module(torch.from_numpy(batch)).numpy()
            for i, (y, x) in enumerate(part):
                h, w = min(tile, height - y), min(tile, width - x)
                total[:, y:y + h, x:x + w] += (logits[i] * window)[:, :h, :w]
                weight[y:y + h, x:x + w] += window[:h, :w]
    total /= weight
    classes = total.argmax(0).astype("uint8")
    valid = scene.GetRasterBand(1).GetMaskBand().ReadAsArray()
    classes[valid == 0] = 255
    staged = gdal.GetDriverByName("MEM").Create("", width, height, 1)
    staged.SetGeoTransform(scene.GetGeoTransform())
    staged.SetProjection(scene.GetProjection())
    staged.GetRasterBand(1).WriteArray(classes)
    gdal.GetDriverByName("COG").CreateCopy(
        args.out, staged, options=["OVERVIEW_RESAMPLING=MODE"])
    print(json.dumps({
        "seconds": time.monotonic() - start, "tiles": len(places),
        "peak_memory_bytes":
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


if __name__ == "__main__":
    main()
