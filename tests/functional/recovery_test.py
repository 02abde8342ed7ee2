"""No accepted job is lost, and none is published twice, whoever is killed.

Two services run side by side, each with a worker of one thread, so that two
cores have something to do while the other side restarts.
"""

import concurrent.futures
import hashlib
import json
import os
import signal
import time

import pytest
from osgeo import gdal

import scenes
from service import Service

gdal.UseExceptions()

KILLS = 20
LANES = 2
ENVIRONMENT = {
    "PUSHBROOM_WORKERS_THREADS": "1",
    "PUSHBROOM_WORKERS_TILE_SIZE": "256",
    "PUSHBROOM_WORKERS_OVERLAP": "64",
    "PUSHBROOM_LOG_LEVEL": "warning",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A scene that keeps a worker busy for seconds, and one model."""
    folder = tmp_path_factory.mktemp("recovery")
    scenes.make_scene(folder, 2048, "large")
    scenes.make_scene(folder, 300, "small")
    scenes.copy_model(folder / "models")
    return folder


def new_service(folder, data_dir, workers=1):
    return Service(data_dir, models=[folder / "models"], workers=workers,
                   environment=ENVIRONMENT, file_roots=[folder])


def submit(service, folder, name="large"):
    return service.submit("cloud-mask", {
        "image": {"href": str(folder / f"{name}.tif")}})


def wait_for_progress(service, job, timeout=120):
    """Until some tiles of it are done, and not all."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        status = service.get(f"/jobs/{job}").json()
        assert status["status"] in ("accepted", "running"), (
            f"the job was over before anybody could kill: {status}")
        if status["status"] == "running" and status["progress"] > 0:
            return status
        time.sleep(0.01)
    raise TimeoutError(f"job {job} made no progress")


def kill_worker(service, _lane):
    pids = service.worker_pids()
    assert len(pids) == 1, pids
    os.kill(pids[0], signal.SIGKILL)


def kill_service(service, lane):
    """In one lane the orphaned worker lives on to notice; in the other it
    dies at the same moment, as when the machine does."""
    for pid in service.worker_pids() if lane % 2 else []:
        os.kill(pid, signal.SIGKILL)
    service.kill()
    service.start(wait=False)


def classes_of(path):
    return gdal.Open(str(path)).ReadAsArray()


def check_published(service, jobs, expected):
    """One item each, its asset whole and right; nothing else anywhere."""
    for job in jobs:
        service.item_file(job)
    items = service.items()
    assert sorted(items) == sorted(jobs)
    linked = []
    for catalog in (service.data_dir / "catalog").rglob("catalog.json"):
        for link in json.loads(catalog.read_text("utf-8"))["links"]:
            if link["rel"] == "item":
                linked.append((catalog.parent / link["href"]).resolve())
    assert len(linked) == len(set(linked)) == len(jobs)
    for job in jobs:
        (path,) = items[job]
        assert path.resolve() in linked
        item = json.loads(path.read_text("utf-8"))
        asset = item["assets"]["classes"]
        published = path.parent / asset["href"]
        data = published.read_bytes()
        assert len(data) == asset["file:size"]
        assert asset["file:checksum"] == (
            "1220" + hashlib.sha256(data).hexdigest())
        assert (classes_of(published) == expected).all()
        served = service.get(f"/jobs/{job}/results/classes")
        assert served.status == 200 and served.body == data
    listed = service.get("/jobs?limit=1000").json()
    assert sorted(j["jobID"] for j in listed["jobs"]) == sorted(jobs)
    assert {j["status"] for j in listed["jobs"]} == {"successful"}


def run_lane(folder, lane, kill):
    """KILLS / LANES times: a fresh job, killed while it runs."""
    data_dir = folder / f"data-{kill.__name__}-{lane}"
    with new_service(folder, data_dir) as service:
        undisturbed = submit(service, folder)
        assert service.wait(undisturbed)["status"] == "successful"
        expected = classes_of(
            service.item_file(undisturbed).parent / "classes.tif")
        jobs = [undisturbed]
        for _ in range(KILLS // LANES):
            job = submit(service, folder)
            seen = wait_for_progress(service, job)
            kill(service, lane)
            status = service.wait(job)
            assert status["status"] == "successful", status
            assert seen["progress"] < 100
            # A worker that outlives its service gives the attempt back.
            if kill is kill_worker or lane % 2:
                assert status["pushbroom:attempt"] == 2
            jobs.append(job)
        check_published(service, jobs, expected)
    return len(jobs) - 1


@pytest.mark.parametrize("kill", [kill_worker, kill_service])
def test_every_job_ends_successful_and_is_published_once(folder, kill):
    with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
        lanes = [pool.submit(run_lane, folder, lane, kill)
                 for lane in range(LANES)]
        assert sum(lane.result() for lane in lanes) == KILLS


def test_jobs_that_share_a_killed_worker_both_end_successful(folder):
    with new_service(folder, folder / "data-shared") as service:
        jobs = [submit(service, folder) for _ in range(2)]
        for job in jobs:
            wait_for_progress(service, job)
        kill_worker(service, 0)
        for job in jobs:
            assert service.wait(job)["status"] == "successful"
        rasters = [classes_of(service.item_file(job).parent / "classes.tif")
                   for job in jobs]
        check_published(service, jobs, rasters[0])


def test_a_queue_of_accepted_jobs_survives_a_kill_of_the_service(folder):
    with new_service(folder, folder / "data-queue") as service:
        running = submit(service, folder)
        wait_for_progress(service, running)
        queued = [submit(service, folder, "small") for _ in range(6)]
        kill_service(service, 0)
        service.wait_ready()
        listed = {j["jobID"] for j in service.get("/jobs").json()["jobs"]}
        assert listed == {running, *queued}
        for job in [running, *queued]:
            assert service.wait(job)["status"] == "successful"
            service.item_file(job)
        assert sorted(service.items()) == sorted([running, *queued])
