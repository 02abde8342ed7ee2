"""./dev bench: ratios, measured side by side in one run.

  ./dev bench [--json FILE] [--rounds 3] [--size 4096] [--memory] [--keep DIR]

Speed, over a synthetic scene and the cloud-mask U-Net, in interleaved rounds:
  E     tiles per second of a whole job over those of the model alone, same
        batch, threads and allocator, full batches
  S_py  seconds of a plain GDAL + torch script over those of the job, for the
        script's best batch size
With --memory also the peak memory of the per-pixel model over dense scenes of
5,000 x 5,000, 5,000 x 40,000 and 20,000 x 20,000 pixels (11 GB of disk).
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import worker  # noqa: E402

TILE, OVERLAP, CHANNELS = 512, 64, 3


def run(command):
    return json.loads(subprocess.run(
        [str(c) for c in command], check=True, stdout=subprocess.PIPE).stdout)


def describe(model, folder):
    """The normalised model as a file, and its artifact."""
    item = worker.EXAMPLES / model / "item.json"
    described = subprocess.run(
        [str(worker.BIN / "pushbroom"), "describe", "--json", str(item)],
        stdout=subprocess.PIPE, check=False)
    normalised = json.loads(described.stdout)["model"]
    path = folder / f"{model}.json"
    path.write_text(json.dumps(normalised))
    return path, normalised["artifact"]["href"]


def speed(folder, size, rounds):
    scene = folder / "scene.tif"
    subprocess.run([sys.executable, str(ROOT / "tests/data/make_scene.py"),
                    str(scene), "--width", str(size), "--height", str(size)],
                   check=True)
    model, artifact = describe("cloud-mask", folder)
    forward, job, peak = [], [], []
    plain = {1: [], 2: [], 8: []}
    plain_peak = {}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        forward.append(run([worker.BIN / "forward_bench", model, artifact,
                            TILE, 15])["tiles_per_second"])
        done = worker.run("cloud-mask", scene, folder / "out",
                          {"overlap": str(OVERLAP)})
        job.append(done)
        peak.append(done["peak_memory_bytes"])
        for batch, times in plain.items():
            result = run([sys.executable,
                          ROOT / "tests/bench/plain_script.py", artifact,
                          scene, folder / "plain.tif", "--channels", CHANNELS,
                          "--scale", 1e-4, "--tile", TILE, "--overlap",
                          OVERLAP, "--batch", batch])
            times.append(result["seconds"])
            plain_peak[batch] = result["peak_memory_bytes"]
    best = min(plain, key=lambda b: min(plain[b]))
    seconds = [j["seconds"] for j in job]
    rates = [j["tiles_per_second"] for j in job]
    return {
        "scene": f"{size} x {size}, 6 bands, {job[0]['tiles']} tiles",
        "forward_tiles_per_second": max(forward),
        "job_tiles_per_second": max(rates),
        "E_best": max(rates) / max(forward),
        "E_median": statistics.median(rates) / statistics.median(forward),
        "job_seconds": min(seconds),
        "plain_seconds": {str(b): min(t) for b, t in plain.items()},
        "S_py_best": min(plain[best]) / min(seconds),
        "S_py_batch_8": min(plain[8]) / min(seconds),
        "job_peak_bytes": max(peak),
        "plain_peak_bytes": plain_peak[best],
    }


def memory(folder):
    result = {}
    for width, height in [(5000, 5000), (5000, 40000), (20000, 20000)]:
        scene = folder / "dense.tif"
        print(f"making a dense scene of {width} x {height}", file=sys.stderr)
        subprocess.run([sys.executable,
                        str(ROOT / "tests/bench/make_dense.py"), str(scene),
                        str(width), str(height)], check=True)
        done = worker.run("land-cover-s2-mlp", scene, folder / "out")
        result[f"{width} x {height}"] = {
            "peak_memory_bytes": done["peak_memory_bytes"],
            "seconds": done["seconds"], "tiles": done["tiles"]}
        scene.unlink()
    return result


def main():
    parser = argparse.ArgumentParser(
        prog="./dev bench", description=__doc__.split("\n")[0])
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--memory", action="store_true")
    args = parser.parse_args()
    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"note: the load of this machine is {load:.1f}; ratios of one "
              "run still compare, absolute numbers do not", file=sys.stderr)
    report = {}
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as name:
        folder = pathlib.Path(name)
        report["speed"] = speed(folder, args.size, args.rounds)
        if args.memory:
            report["memory"] = memory(folder)
    text = json.dumps(report, indent=1)
    print(text)
    if args.json:
        pathlib.Path(args.json).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
