"""Makes a synthetic scene: six bands of top-of-atmosphere reflectance.

The scene is invented. Water, vegetation, soil and cloud lie where smooth noise
puts them, with reflectances of the size that textbooks give for each band and
a little texture; clouds throw shadows. It looks like a satellite image to a
program and to a person at a glance, and says nothing about any real place.

  make_scene.py OUT.tif [--width 2048] [--height 2048] [--seed 1]

Writes a GeoTIFF (uint16, reflectance = value * 0.0001, nodata 0) with the
bands blue, green, red, nir, swir16, swir22, and OUT.json, a STAC Item.
"""

import argparse
import json
import pathlib

import numpy as np
from osgeo import gdal, osr

gdal.UseExceptions()

# Reflectance by band: blue, green, red, near infrared, 1.6 um, 2.2 um.
BANDS = [("blue", "blue", 0.49), ("green", "green", 0.56),
         ("red", "red", 0.66), ("nir", "nir", 0.84),
         ("swir16", "swir16", 1.61), ("swir22", "swir22", 2.19)]
WATER = np.array([0.11, 0.08, 0.05, 0.03, 0.015, 0.01])
VEGETATION = np.array([0.09, 0.09, 0.06, 0.34, 0.17, 0.08])
SOIL = np.array([0.13, 0.15, 0.19, 0.27, 0.33, 0.27])
CLOUD = np.array([0.62, 0.60, 0.60, 0.64, 0.44, 0.33])
SHADOW = 0.35
PIXEL = 20.0
ORIGIN = (500000.0, 5200000.0)  # EPSG:32633
COLLAR = 0.06  # of the width: a slanted edge without data, as real scenes have


def smooth_noise(random, height, width, size):
    """Noise in 0..1 that varies over about `size` pixels."""
    grid = random.random((height // size + 3, width // size + 3))
    y = np.arange(height) / size
    x = np.arange(width) / size
    y0, x0 = y.astype(int), x.astype(int)
    fy = (y - y0)[:, None]
    fx = (x - x0)[None, :]
    fy, fx = fy * fy * (3 - 2 * fy), fx * fx * (3 - 2 * fx)
    top = grid[y0][:, x0] * (1 - fx) + grid[y0][:, x0 + 1] * fx
    bottom = grid[y0 + 1][:, x0] * (1 - fx) + grid[y0 + 1][:, x0 + 1] * fx
    return top * (1 - fy) + bottom * fy


def fractal(random, height, width, size):
    """Four octaves of smooth noise, 0..1."""
    total = sum(smooth_noise(random, height, width, max(2, size >> k)) / 2**k
                for k in range(4))
    return total / (1 + 1 / 2 + 1 / 4 + 1 / 8)


def make_reflectance(height, width, seed):
    """[band, row, column] float32."""
    random = np.random.RandomState(seed)
    land = fractal(random, height, width, 300)
    green = fractal(random, height, width, 120)
    cloud = fractal(random, height, width, 160)
    is_water = land < 0.42
    mix = np.clip((green - 0.35) / 0.3, 0, 1)
    thick = np.clip((cloud - 0.60) / 0.08, 0, 1)
    shadow = np.zeros_like(thick)
    shadow[25:, 40:] = thick[:-25, :-40]
    shadow *= 1 - thick
    texture = 1 + 0.04 * random.randn(height, width)
    out = np.empty((len(BANDS), height, width), "float32")
    for b in range(len(BANDS)):
        ground = VEGETATION[b] * mix + SOIL[b] * (1 - mix)
        ground = np.where(is_water, WATER[b], ground) * texture
        ground = ground * (1 - (1 - SHADOW) * shadow)
        out[b] = ground * (1 - thick) + CLOUD[b] * texture * thick
    return np.clip(out, 0.0005, 1.2)


def item_for(name, srs, width, height):
    """A STAC Item that says what the bands are."""
    to_lonlat = osr.CoordinateTransformation(srs, lonlat())
    left, top = ORIGIN
    right, bottom = left + width * PIXEL, top - height * PIXEL
    ring = [to_lonlat.TransformPoint(x, y)[:2] for x, y in
            [(left, top), (left, bottom), (right, bottom), (right, top),
             (left, top)]]
    lons, lats = [p[0] for p in ring], [p[1] for p in ring]
    return {
        "type": "Feature", "stac_version": "1.1.0",
        "stac_extensions": [
            "https://stac-extensions.github.io/eo/v2.0.0/schema.json",
            "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
            "https://stac-extensions.github.io/projection/v2.0.0/schema.json"],
        "id": pathlib.Path(name).stem, "links": [],
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": [min(lons), min(lats), max(lons), max(lats)],
        "properties": {
            "datetime": "2026-06-21T10:00:00Z", "platform": "synthetic",
            "description": "An invented scene; it shows no real place.",
            "proj:code": "EPSG:32633"},
        "assets": {"scene": {
            "href": f"./{pathlib.Path(name).name}",
            "type": "image/tiff; application=geotiff", "roles": ["data"],
            "bands": [{"name": n, "eo:common_name": c,
                       "eo:center_wavelength": w, "nodata": 0,
                       "data_type": "uint16", "raster:scale": 0.0001,
                       "raster:offset": 0, "unit": "1"}
                      for n, c, w in BANDS]}}}


def lonlat():
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(4326)
    srs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return srs


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out")
    parser.add_argument("--width", type=int, default=2048)
    parser.add_argument("--height", type=int, default=2048)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if min(args.width, args.height) < 64:
        parser.error("width and height must be at least 64")

    values = make_reflectance(args.height, args.width, args.seed)
    stored = np.clip(np.round(values / 0.0001), 1, 65535).astype("uint16")
    columns = np.arange(args.width)[None, :]
    rows = np.arange(args.height)[:, None]
    slant = columns * 1.0 + 0.15 * rows
    collar = slant < COLLAR * args.width
    stored[:, collar] = 0

    srs = osr.SpatialReference()
    srs.ImportFromEPSG(32633)
    srs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    out = gdal.GetDriverByName("GTiff").Create(
        args.out, args.width, args.height, len(BANDS), gdal.GDT_UInt16,
        ["TILED=YES", "COMPRESS=DEFLATE", "PREDICTOR=2", "ZLEVEL=1",
         "BLOCKXSIZE=512", "BLOCKYSIZE=512"])
    out.SetProjection(srs.ExportToWkt())
    out.SetGeoTransform((ORIGIN[0], PIXEL, 0, ORIGIN[1], 0, -PIXEL))
    for i, (name, _, _) in enumerate(BANDS):
        band = out.GetRasterBand(i + 1)
        band.SetDescription(name)
        band.SetNoDataValue(0)
        band.SetScale(0.0001)
        band.SetOffset(0)
        band.WriteArray(stored[i])
    out = None
    item = item_for(args.out, srs, args.width, args.height)
    pathlib.Path(args.out).with_suffix(".json").write_text(
        json.dumps(item, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
