"""A dense scene of 13 bands for memory and speed: seeded noise in every block.

  make_dense.py OUT.tif WIDTH HEIGHT
"""

import sys

import numpy as np
from osgeo import gdal, osr

gdal.UseExceptions()
BANDS = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09",
         "B10", "B11", "B12"]
BLOCK = 512


def main():
    path, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    random = np.random.RandomState(7)
    blocks = random.randint(100, 4000, (16, BLOCK, BLOCK)).astype("uint16")
    out = gdal.GetDriverByName("GTiff").Create(
        path, width, height, len(BANDS), gdal.GDT_UInt16,
        ["TILED=YES", f"BLOCKXSIZE={BLOCK}", f"BLOCKYSIZE={BLOCK}",
         "BIGTIFF=IF_SAFER", "INTERLEAVE=BAND"])
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(32633)
    out.SetProjection(srs.ExportToWkt())
    out.SetGeoTransform((400000, 10, 0, 5300000, 0, -10))
    for b, name in enumerate(BANDS):
        band = out.GetRasterBand(b + 1)
        band.SetDescription(name)
        band.SetScale(1e-4)
        band.SetOffset(0)
        for y in range(0, height, BLOCK):
            for x in range(0, width, BLOCK):
                k = (y // BLOCK * 5 + x // BLOCK * 3 + b) % len(blocks)
                band.WriteArray(blocks[k][:min(BLOCK, height - y),
                                          :min(BLOCK, width - x)], x, y)
    out = None


if __name__ == "__main__":
    main()
