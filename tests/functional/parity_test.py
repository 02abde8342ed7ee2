"""The class raster equals the argmax of the same TorchScript run by Python over
the whole image, inside the model's receptive field from the scene's edge."""

import json

import numpy as np
import pytest
from osgeo import gdal, ogr

import worker

gdal.UseExceptions()

# Pixels from the scene's edge that a prediction can still see.
CLOUD_MARGIN, S2_MARGIN, BUILDINGS_MARGIN = 48, 24, 48
AGREEMENT = 0.999


def read(path):
    return gdal.Open(str(path)).ReadAsArray()


def item_for(path, assets, datetime="2015-09-09T00:00:00Z"):
    """A STAC Item beside the test's files."""
    path.write_text(json.dumps({
        "type": "Feature", "stac_version": "1.1.0", "id": path.stem,
        "stac_extensions": [], "geometry": None, "links": [],
        "properties": {"datetime": datetime}, "assets": assets}))
    return path


def band(name, common, scale, offset=0):
    return {"name": name, "eo:common_name": common, "raster:scale": scale,
            "raster:offset": offset}


def check(result, model, expected, margin, name):
    got = read(result["outputs"]["classes"])
    assert got.shape == expected.shape
    share = worker.agreement(got, expected, margin)
    print(f"{name}: {100 * share:.3f} % of pixels agree")
    assert share >= AGREEMENT
    return got


CLOUD_BANDS = [("B1", "blue"), ("B2", "green"), ("B3", "red"), ("B4", "nir"),
               ("B5", "swir16"), ("B7", "swir22")]


@pytest.mark.parametrize("tile,overlap", [(128, 32), (128, 64), (512, 64)])
def test_cloud_mask_over_one_landsat7_file(data, tmp_path, tile, overlap):
    source = data / "landsat7_olinda" / "L7_ETMs.tif"
    scale = 0.0035  # uint8 to something like reflectance, for the test
    item = item_for(tmp_path / "l7.json", {"scene": {
        "href": str(source), "type": "image/tiff; application=geotiff",
        "roles": ["data"],
        "bands": [band(n, c, scale) for n, c in CLOUD_BANDS]}})
    result = worker.run("cloud-mask", item, tmp_path / "out",
                        {"overlap": overlap},
                        environment={"PUSHBROOM_WORKERS_TILE_SIZE": str(tile)})
    logits = worker.whole_image_logits("cloud-mask", read(source) * scale)
    values = np.array(worker.class_values("cloud-mask"))
    check(result, "cloud-mask", values[logits.argmax(0)], CLOUD_MARGIN,
          f"cloud mask, Landsat 7, tile {tile}, overlap {overlap}")


def test_cloud_mask_over_separate_landsat8_files(data, tmp_path):
    folder = data / "landsat8_elkton_va"
    scale, offset = 2e-5, -0.1
    names = {"blue": 2, "green": 3, "red": 4, "nir08": 5, "swir16": 6,
             "swir22": 7}
    fine = tmp_path / "nir-15m.tif"
    gdal.Translate(str(fine), str(folder / "L8-B5-Elkton-VA.tiff"),
                   widthPct=200, heightPct=200, resampleAlg="bilinear")
    files = {common: folder / f"L8-B{number}-Elkton-VA.tiff"
             for common, number in names.items()}
    files["nir08"] = fine
    item = item_for(tmp_path / "l8.json", {
        common: {"href": str(path), "roles": ["data"],
                 "type": "image/tiff; application=geotiff",
                 "bands": [band(f"B{names[common]}", common, scale, offset)]}
        for common, path in files.items()})
    # On the grid of the fine band: the others are interpolated onto it.
    result = worker.run("cloud-mask", item, tmp_path / "out")
    height, width = read(fine).shape
    stack = np.stack([gdal.Open(str(path)).ReadAsArray(
        buf_xsize=width, buf_ysize=height,
        resample_alg=gdal.GRIORA_Bilinear) for path in files.values()])
    logits = worker.whole_image_logits("cloud-mask", stack * scale + offset)
    values = np.array(worker.class_values("cloud-mask"))
    check(result, "cloud-mask", values[logits.argmax(0)], CLOUD_MARGIN,
          "cloud mask, Landsat 8, separate files")


S2_BANDS = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A",
            "B09", "B10", "B11", "B12"]


def s2_item(data, tmp_path):
    source = (data / "s2_l1c_testeopatch" / "derived"
              / "S2_L1C_20150909_13band_uint16.tif")
    return source, item_for(tmp_path / "s2.json", {"scene": {
        "href": str(source), "type": "image/tiff; application=geotiff",
        "roles": ["data"],
        "bands": [{"name": n, "raster:scale": 1e-4, "raster:offset": 0}
                  for n in S2_BANDS]}})


@pytest.mark.parametrize("model,margin", [("land-cover-s2", S2_MARGIN),
                                          ("land-cover-s2-mlp", 0)])
def test_land_cover_over_sentinel2(data, tmp_path, model, margin):
    source, item = s2_item(data, tmp_path)
    result = worker.run(model, item, tmp_path / "out")
    logits = worker.whole_image_logits(model, read(source) * 1e-4)
    values = np.array(worker.class_values(model))
    got = check(result, model, values[logits.argmax(0)], margin,
                f"{model}, Sentinel-2")
    labels = read(data / "s2_l1c_testeopatch" / "derived" / "LULC.tif")
    right = labelled = 0
    for channel, label in enumerate([2, 3, 4, 8]):
        of_class = labels == label
        labelled += of_class.sum()
        right += (got[of_class] == values[channel]).sum()
    print(f"{model}: accuracy {right / labelled:.3f} of {labelled} labelled "
          "pixels (most were seen in training)")
    assert right / labelled > 0.85


def test_buildings_over_drone_chips_with_sidecars(data, tmp_path):
    folder = data / "oam_banepa"
    labels = next(folder.glob("osm_*.geojson"))
    shares, hits = [], np.zeros(3)
    # The sixteen chips that were held out in training: the two eastmost columns.
    chips = sorted(p for p in folder.glob("OAM-*.tif")
                   if int(p.name.split("-")[1]) >= 386694)
    assert len(chips) == 16
    for chip in chips:
        result = worker.run("buildings-rgb", chip, tmp_path / chip.stem)
        got = read(result["outputs"]["classes"])
        assert got.shape == (256, 256), "0.13 m chips on the model's 0.26 m"
        image = read(chip).astype("float32")
        image = image.reshape(3, 256, 2, 256, 2).mean((2, 4))
        logits = worker.whole_image_logits("buildings-rgb", image)[0]
        low, high = worker.class_values("buildings-rgb")
        expected = np.where(logits >= 0, high, low)
        shares.append(worker.agreement(got, expected, BUILDINGS_MARGIN))
        truth = rasterize(labels, chip)
        found = got == high
        hits += [(found & truth).sum(), (found & ~truth).sum(),
                 (~found & truth).sum()]
    iou = hits[0] / hits.sum()
    print(f"buildings: {100 * np.mean(shares):.3f} % of pixels agree, "
          f"IoU {iou:.3f} on 16 held-out chips")
    assert np.mean(shares) >= AGREEMENT
    assert iou > 0.6


def rasterize(labels, chip):
    """OSM buildings on the 256 x 256 grid: a pixel that is half covered."""
    source = gdal.Open(str(chip))
    grid = gdal.GetDriverByName("MEM").Create("", 512, 512, 1)
    grid.SetGeoTransform(source.GetGeoTransform())
    grid.SetProjection(source.GetProjection())
    vectors = ogr.Open(str(labels))
    gdal.RasterizeLayer(grid, [1], vectors.GetLayer(), burn_values=[1])
    burnt = grid.ReadAsArray().reshape(256, 2, 256, 2).mean((1, 3))
    return burnt >= 0.5


def test_eurosat_bands_without_names_need_a_mapping(data, tmp_path):
    tile = data / "eurosat" / "Forest_1.tif"
    done = worker.run("land-cover-s2", tile, tmp_path / "out",
                      {"radiometry": {"scale": 1e-4, "offset": 0}},
                      check=False)
    assert done.returncode != 0
    message = done.stderr + done.stdout
    assert "bands" in message and "B8A" in message
    # EuroSAT's order: B8A comes last.
    order = [b for b in S2_BANDS if b != "B8A"] + ["B8A"]
    result = worker.run(
        "land-cover-s2", tile, tmp_path / "out",
        {"radiometry": {"scale": 1e-4, "offset": 0},
         "bands": {name: order.index(name) + 1 for name in S2_BANDS}})
    image = read(tile)[[order.index(n) for n in S2_BANDS]] * 1e-4
    logits = worker.whole_image_logits("land-cover-s2", image)
    values = np.array(worker.class_values("land-cover-s2"))
    got = read(result["outputs"]["classes"])
    assert worker.agreement(got, values[logits.argmax(0)],
                            0) >= AGREEMENT
    assert (got == values[0]).mean() > 0.9, "a forest is forest"
