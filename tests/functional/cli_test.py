"""The programs as scripts see them: exit codes, JSON members, messages."""

import contextlib
import json
import signal
import socket
import subprocess
import time

import pytest
from osgeo import gdal

import scenes
from service import BIN, EXAMPLES, Service

gdal.UseExceptions()

RESULT_MEMBERS = {"outputs", "item", "tiles", "seconds", "tiles_per_second",
                  "peak_memory_bytes", "classes"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    scenes.make_scene(folder, 300)
    (folder / "text.tif").write_text("this is no raster", encoding="utf-8")
    return folder


def pushbroom(*arguments, program="pushbroom", environment=None):
    return subprocess.run([str(BIN / program), *map(str, arguments)],
                          capture_output=True, text=True, check=False,
                          timeout=120, env=environment)


def run(item, scene, out, *inputs):
    return pushbroom("run", "--json", item, scene, "-o", out,
                     *(part for i in inputs for part in ("--input", i)),
                     program="pushbroom-worker")


def example(name):
    return EXAMPLES / name / "item.json"


@pytest.mark.parametrize("program", ["pushbroom", "pushbroom-worker"])
def test_each_program_tells_its_version(program):
    done = pushbroom("--version", program=program)
    assert done.returncode == 0
    assert done.stdout.startswith(f"{program} 0.")


@pytest.mark.parametrize("name", ["cloud-mask", "land-cover-s2",
                                  "land-cover-s2-mlp", "buildings-rgb"])
def test_describe_shows_a_runnable_example_and_exits_0(name):
    done = pushbroom("describe", "--json", example(name))
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert set(shown) == {"model", "diagnostics", "process"}
    assert shown["model"]["id"] == shown["process"]["id"] == name
    assert not [d for d in shown["diagnostics"] if d["level"] == "error"]
    # `not-probed` would mean that nobody tried the artifact.
    assert "not-probed" not in {d["code"] for d in shown["diagnostics"]}
    assert shown["process"]["inputs"] and shown["process"]["outputs"]


def test_describe_prints_for_people_too():
    done = pushbroom("describe", example("cloud-mask"))
    assert done.returncode == 0
    for word in ["Cloud mask", "swir16", "image (required)", "diagnostics"]:
        assert word in done.stdout


@pytest.mark.parametrize("change,codes", [
    (scenes.break_artifact, {"artifact-not-torchscript"}),
    (scenes.falsify_checksum, {"artifact-unavailable"}),
    (scenes.contradict, scenes.CONTRADICTIONS)])
def test_describe_of_what_cannot_run_exits_3_with_every_reason(
        tmp_path, change, codes):
    item = scenes.copy_model(tmp_path, change=change)
    done = pushbroom("describe", "--json", item)
    assert done.returncode == 3, done.stderr
    shown = json.loads(done.stdout)
    errors = {d["code"] for d in shown["diagnostics"]
              if d["level"] == "error"}
    assert errors == codes
    assert shown["model"] and shown["process"]


@pytest.mark.parametrize("text", [None, "{", "[]", '{"type": "Feature"}',
                                  "[" * 100_000])
def test_describe_of_what_is_no_model_item_exits_4(tmp_path, text):
    item = tmp_path / "item.json"
    if text is not None:
        item.write_text(text, encoding="utf-8")
    done = pushbroom("describe", "--json", item)
    assert done.returncode == 4
    shown = json.loads(done.stdout)
    assert shown["model"] is None and shown["process"] is None
    assert [d["level"] for d in shown["diagnostics"]] == ["error"]
    assert str(item) in shown["diagnostics"][0]["text"]
    plain = pushbroom("describe", item)
    assert plain.returncode == 4 and "is refused" in plain.stderr


def test_run_writes_a_result_and_says_what_is_in_it(folder, tmp_path):
    out = tmp_path / "out"
    done = run(example("cloud-mask"), folder / "scene.tif", out)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert RESULT_MEMBERS <= set(result)
    assert set(result["outputs"]) == {"classes"}
    raster = gdal.Open(result["outputs"]["classes"])
    assert (raster.RasterXSize, raster.RasterYSize) == (300, 300)
    assert set(result["classes"]) == {"clear", "cloud", "cloud-shadow"}
    assert sum(result["classes"].values()) == pytest.approx(1, abs=1e-5)
    assert isinstance(result["tiles"], int) and result["tiles"] > 0
    assert result["seconds"] > 0 and result["tiles_per_second"] > 0
    assert result["peak_memory_bytes"] > 1 << 20
    with open(result["item"], encoding="utf-8") as file:
        item = json.load(file)
    assert item["type"] == "Feature" and "classes" in item["assets"]
    assert sorted(p.name for p in out.iterdir()) == [
        "classes.tif", "item.json"], "only results are left"


def test_run_takes_inputs_by_name(folder, tmp_path):
    done = run(example("cloud-mask"), folder / "scene.json", tmp_path / "out",
               "bbox=501000,5196000,504000,5199000,EPSG:32633",
               "probabilities=true")
    assert done.returncode == 0, done.stderr
    outputs = json.loads(done.stdout)["outputs"]
    assert set(outputs) == {"classes", "probabilities"}
    raster = gdal.Open(outputs["probabilities"])
    assert (raster.RasterXSize, raster.RasterYSize) == (150, 150)
    assert raster.RasterCount == 3


@pytest.mark.parametrize("scene,inputs,code,message", [
    ("absent.tif", (), 2, "absent.tif"),
    ("text.tif", (), 1, "not a raster"),
    ("scene.tif", ("bbox=0,0,1,1",), 1, "does not overlap"),
    ("scene.tif", ("nope=1",), 2, "there is no such input"),
    ("scene.tif", ("overlap",), 2, "expected NAME=VALUE"),
    ("scene.tif", ("overlap=many",), 2, "overlap")])
def test_run_refuses_bad_input_and_leaves_nothing(
        folder, tmp_path, scene, inputs, code, message):
    out = tmp_path / "out"
    done = run(example("cloud-mask"), folder / scene, out, *inputs)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert done.stdout == ""
    assert not out.exists() or not list(out.iterdir())


def test_run_names_the_bands_that_are_missing(folder, tmp_path):
    done = run(example("land-cover-s2"), folder / "scene.tif", tmp_path)
    assert done.returncode == 1
    assert "B8A" in done.stderr and "it offers blue, green" in done.stderr


@pytest.mark.parametrize("change,code,messages", [
    (scenes.break_artifact, 3, ["no PyTorch archive"]),
    (scenes.falsify_checksum, 3, ["file:checksum"]),
    (scenes.contradict, 4, scenes.CONTRADICTIONS)])
def test_run_refuses_a_model_that_cannot_run(folder, tmp_path, change, code,
                                             messages):
    item = scenes.copy_model(tmp_path, change=change)
    done = run(item, folder / "scene.tif", tmp_path / "out")
    assert done.returncode == code, done.stderr
    for message in messages:
        assert message in done.stderr


@pytest.mark.parametrize("program,arguments", [
    ("pushbroom", []), ("pushbroom", ["serve", "--nope"]),
    ("pushbroom", ["describe"]), ("pushbroom-worker", []),
    ("pushbroom-worker", ["run"]), ("pushbroom-worker", ["run", "item.json"])])
def test_wrong_usage_is_an_error_with_a_hint(program, arguments):
    done = pushbroom(*arguments, program=program)
    assert done.returncode != 0
    assert "--help" in done.stderr


@contextlib.contextmanager
def listening_socket():
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.mark.parametrize("flag", ["--port", "--files-port", "--ops-port"])
def test_serve_with_a_taken_port_says_so_and_exits_1(tmp_path, flag):
    with listening_socket() as port:
        flags = {"--port": 0, "--files-port": 0, "--ops-port": 0, flag: port}
        done = pushbroom("serve", "--data-dir", tmp_path / "data",
                         *(part for pair in flags.items() for part in pair))
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "in use" in done.stderr


@pytest.mark.parametrize("arguments,message", [
    (["--port", "99999"], "expected an integer between 0 and 65535"),
    (["--workers", "many"], "/workers/count"),
    (["--config", "absent.yaml"], "absent.yaml")])
def test_serve_with_a_bad_configuration_says_what_and_exits_1(
        tmp_path, arguments, message):
    done = pushbroom("serve", "--data-dir", tmp_path / "data", *arguments)
    assert done.returncode == 1
    assert message in done.stderr


def test_a_second_service_in_one_data_directory_exits_1(tmp_path):
    with Service(tmp_path, models=[], workers=0) as first:
        done = pushbroom("serve", "--data-dir", tmp_path, "--port", 0,
                         "--files-port", 0, "--ops-port", 0)
        assert done.returncode == 1
        assert str(tmp_path) in done.stderr
        assert str(first.process.pid) in done.stderr
        assert first.get("/").status == 200, "the first one goes on"


def test_sigterm_drains_running_jobs_are_not_lost(tmp_path):
    with Service(tmp_path, models=[]) as service:
        job = service.submit("echo", {"message": "last words", "pause": 1.5})
        end = time.monotonic() + 30
        while service.get(f"/jobs/{job}").json()["status"] != "running":
            assert time.monotonic() < end
            time.sleep(0.01)
        workers = service.worker_pids()
        assert len(workers) == 1
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(60) == 0
        assert not service.worker_pids()
        # The worker finished it, or gave it back: then the next service does.
        service.start()
        assert service.wait(job)["status"] == "successful"
        reply = service.get(f"/jobs/{job}/results/message")
        assert reply.body == b"last words"
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(60) == 0
