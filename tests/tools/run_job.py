"""./dev run: serves the example models and runs one job over HTTP.

  ./dev run [RASTER or STAC ITEM] [--model ID] [--keep]
            [--input NAME=VALUE]…

Without a scene it makes a synthetic one. Ends with the lines `result: PATH`,
`item: PATH` and `job: URL`; exits 0 only if the job was successful.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from service import EXAMPLES, Service, free_port  # noqa: E402

HOME = ROOT / ".dev"


def say(text):
    print(f"\033[1m==>\033[0m {text}" if sys.stderr.isatty() else f"==> {text}",
          file=sys.stderr)


def example_scene():
    scene = HOME / "scene.tif"
    if not scene.exists():
        say("making a synthetic scene (2048 x 2048 pixels, 6 bands)")
        HOME.mkdir(exist_ok=True)
        subprocess.run([sys.executable, str(ROOT / "tests/data/make_scene.py"),
                        str(HOME / "making.tif")], check=True)
        (HOME / "making.json").unlink()
        (HOME / "making.tif").rename(scene)
    return str(scene)


class Progress:
    """A bar on a terminal; elsewhere a line at every tenth."""

    def __init__(self):
        self.tty = sys.stderr.isatty()
        self.start = time.monotonic()
        self.shown = -1

    def __call__(self, status):
        percent = status.get("progress", 0)
        done = status.get("pushbroom:tiles_done", 0)
        planned = status.get("pushbroom:tiles_planned", 0)
        elapsed = time.monotonic() - self.start
        left = elapsed * (planned - done) / done if done else 0
        text = (f"{status['status']:10} {percent:3d} %  {done}/{planned} tiles"
                f"  {done / elapsed if elapsed else 0:.1f} tiles/s"
                f"  {left:.0f} s left")
        if self.tty:
            width = max(10, min(40, shutil.get_terminal_size().columns - 70))
            bar = "#" * (percent * width // 100)
            print(f"\r[{bar:<{width}}] {text} ", end="", file=sys.stderr,
                  flush=True)
        elif percent // 10 > self.shown:
            self.shown = percent // 10
            print(text, file=sys.stderr)

    def close(self):
        if self.tty:
            print(file=sys.stderr)


def typed(text):
    """NAME=VALUE: the value as JSON if it is JSON, else as text."""
    name, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def imagery_input(service, model):
    """The id of the process's first input: the one that reads imagery."""
    reply = service.get(f"/processes/{model}")
    if reply.status != 200:
        names = [p["id"] for p in service.get("/processes?limit=1000").json()
                 ["processes"]]
        sys.exit(f"no model {model!r}; there are: {', '.join(names)}")
    required = [name for name, value in reply.json()["inputs"].items()
                if value.get("minOccurs", 1) > 0]
    return required[0]


def show(item_path, status):
    item = json.loads(item_path.read_text(encoding="utf-8"))
    properties = item["properties"]
    asset = item["assets"]["classes"]
    shape = properties.get("proj:shape", ["?", "?"])
    rows = [("model", status["processID"]),
            ("size", f"{shape[1]} x {shape[0]} pixels"),
            ("CRS", properties.get("proj:code") or "none")]
    names = {c["name"]: c.get("title") or c["name"]
             for c in asset.get("classification:classes", [])}
    for name, share in properties.get("pushbroom:class_shares", {}).items():
        rows.append((names.get(name, name), f"{100 * share:.1f} %"))
    tiles, seconds = properties["pushbroom:tiles"], properties[
        "pushbroom:seconds"]
    rows.append(("seconds", f"{seconds:.1f}"))
    rows.append(("tiles", f"{tiles['run']} run, {tiles['skipped']} empty"))
    rows.append(("tiles/s", f"{tiles['run'] / seconds:.1f}"))
    width = max(len(label) for label, _ in rows)
    for label, value in rows:
        print(f"  {label:<{width}}  {value}")
    for warning in properties.get("pushbroom:warnings", []):
        print(f"  warning: {warning}")
    return (item_path.parent / asset["href"]).resolve()


def main():
    parser = argparse.ArgumentParser(
        prog="./dev run", description=__doc__.split("\n")[0])
    parser.add_argument("scene", nargs="?")
    parser.add_argument("--model", default="cloud-mask")
    parser.add_argument("--keep", action="store_true",
                        help="leave the service running")
    parser.add_argument("--input", action="append", type=typed, default=[],
                        metavar="NAME=VALUE")
    args = parser.parse_args()

    scene = args.scene or example_scene()
    local = "://" not in scene
    if local:
        path = pathlib.Path(scene).resolve()
        if not path.exists():
            sys.exit(f"{scene} does not exist")
        scene = str(path)
    HOME.mkdir(exist_ok=True)
    environment = {"PUSHBROOM_LOG_LEVEL": "warning"}
    service = Service(HOME / "data", models=[EXAMPLES], port=free_port(8080),
                      environment=environment,
                      file_roots=[path.parent] if local else [])
    say(f"starting pushbroom at {service.url}")
    try:
        service.start()
        inputs = {imagery_input(service, args.model): {"href": scene}}
        inputs.update(dict(args.input))
        say(f"running {args.model} over {scene}")
        job = service.submit(args.model, inputs)
        progress = Progress()
        status = service.wait(job, timeout=24 * 3600, on_status=progress)
        progress.close()
        url = f"{service.url}/jobs/{job}"
        if status["status"] != "successful":
            print(f"the job {status['status']}: {status.get('message', '')}")
            print(f"job: {url}")
            return 1
        item = service.item_file(job)
        result = show(item, status)
        print(f"result: {result}")
        print(f"item: {item}")
        if args.keep:
            print(f"service: {service.url} (stop it with: "
                  f"kill {service.process.pid})")
        print(f"job: {url}")
        return 0
    except (RuntimeError, TimeoutError) as error:
        print(error)
        return 1
    finally:
        if not args.keep:
            service.stop()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
