"""The main road over HTTP: what is served, run, refused and published."""

import email
import hashlib
import json
import time

import pytest
from osgeo import gdal

import scenes
from range_server import RangeServer
from service import EXAMPLES, Service, request

gdal.UseExceptions()

MODELS = ["buildings-rgb", "cloud-mask", "land-cover-s2", "land-cover-s2-mlp"]
PROCESSES = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"
COG = "image/tiff; application=geotiff; profile=cloud-optimized"
FAST = {"PUSHBROOM_WORKERS_TILE_SIZE": "256", "PUSHBROOM_LOG_LEVEL": "warning"}
SIZE = 600


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenes")
    scenes.make_scene(folder, SIZE)
    scenes.make_scene(folder, 2000, "large")
    (folder / "text.tif").write_text("this is no raster", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def service(folder, tmp_path_factory):
    """The four examples and echo, shared by the tests that leave it whole."""
    with Service(tmp_path_factory.mktemp("service") / "data", environment=FAST,
                 file_roots=[folder]) as running:
        yield running


def imagery(folder, name="scene.tif"):
    return {"image": {"href": str(folder / name)}}


@pytest.fixture(scope="module")
def finished(service, folder):
    """A job over the STAC Item that has ended, and every status it had."""
    statuses = []
    job = service.submit("cloud-mask", imagery(folder, "scene.json"))
    status = service.wait(job, on_status=statuses.append)
    assert status["status"] == "successful", status
    return job, statuses


def raster_of(service, job):
    return gdal.Open(
        str(service.item_file(job).parent / "classes.tif")).ReadAsArray()


def relations(document):
    return {link["rel"]: link["href"] for link in document["links"]}


def until(condition, what, timeout=60):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.01)


def check_problem(reply, status, kind=None):
    assert reply.status == status, reply.body
    problem = reply.json()
    assert problem["status"] == status
    assert problem["title"] and problem["detail"] and problem["instance"]
    if kind:
        assert problem["type"] == PROCESSES + kind
    return problem


# --- what is served ---------------------------------------------------------

def test_the_landing_page_leads_everywhere(service):
    links = relations(service.get("/").json())
    ogc = "http://www.opengis.net/def/rel/ogc/1.0/"
    for relation in ["self", "service-desc", ogc + "conformance",
                     ogc + "processes", ogc + "job-list"]:
        path = links[relation].removeprefix(service.url)
        assert service.get(path).status == 200, relation


def test_conformance_names_the_classes_of_the_main_road(service):
    classes = service.get("/conformance").json()["conformsTo"]
    for name in ["core", "ogc-process-description", "json", "job-list",
                 "dismiss"]:
        assert ("http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/"
                + name) in classes


def test_all_examples_and_echo_are_listed_and_available(service):
    listed = service.get("/processes").json()
    assert [p["id"] for p in listed["processes"]] == sorted(MODELS + ["echo"])
    for process in listed["processes"]:
        assert {"id", "version", "title", "jobControlOptions",
                "outputTransmission", "links"} <= set(process)
        if process["id"] != "echo":
            assert process["pushbroom:state"] == "available"
    page = service.get("/processes?limit=2").json()
    assert len(page["processes"]) == 2
    rest = service.get(relations(page)["next"].removeprefix(service.url))
    assert rest.json()["processes"][0]["id"] == listed["processes"][2]["id"]


@pytest.mark.parametrize("name", MODELS)
def test_a_description_is_the_golden_one_with_addresses(service, name):
    served = service.get(f"/processes/{name}").json()
    golden = json.loads((EXAMPLES.parent / "golden" / f"{name}.json")
                        .read_text(encoding="utf-8"))
    for part in ["id", "version", "jobControlOptions", "outputTransmission"]:
        assert served[part] == golden[part]
    # Defaults of a service are its configuration's; the ids are the model's.
    for part in ["inputs", "outputs"]:
        assert list(served[part]) == list(golden[part])
    execute = "http://www.opengis.net/def/rel/ogc/1.0/execute"
    assert relations(served)[execute] == (
        f"{service.url}/processes/{name}/execution")


def test_echo_is_described_by_its_golden_file(service):
    served = service.get("/processes/echo").json()
    golden = json.loads((EXAMPLES.parent / "golden" / "echo.json")
                        .read_text(encoding="utf-8"))
    assert {k: v for k, v in served.items() if k in golden} == golden


# --- executing --------------------------------------------------------------

def test_asynchronous_execution_is_201_with_an_absolute_location(
        service, folder):
    reply = service.post("/processes/cloud-mask/execution",
                         {"inputs": imagery(folder)},
                         headers={"Prefer": "respond-async"})
    assert reply.status == 201
    status = reply.json()
    assert reply.headers["Location"] == (
        f"{service.url}/jobs/{status['jobID']}")
    assert reply.headers["Preference-Applied"] == "respond-async"
    assert status["status"] in ("accepted", "running")
    assert status["type"] == "process"
    assert status["processID"] == "cloud-mask"
    assert service.wait(status["jobID"])["status"] == "successful"


def test_progress_only_grows_and_ends_at_100(service, folder):
    statuses = []
    job = service.submit("cloud-mask", imagery(folder, "large.tif"))
    service.wait(job, on_status=statuses.append)
    progress = [s["progress"] for s in statuses]
    assert progress == sorted(progress)
    assert progress[-1] == 100 and statuses[-1]["status"] == "successful"
    assert any(0 < p < 100 for p in progress), "nothing was told on the way"
    done = [s["pushbroom:tiles_done"] for s in statuses
            if "pushbroom:tiles_done" in s]
    assert done == sorted(done)
    assert done[-1] == statuses[-1]["pushbroom:tiles_planned"]


def test_a_finished_job_says_when_and_what(service, finished):
    job, statuses = finished
    status = statuses[-1]
    assert status["created"] <= status["started"] <= status["finished"]
    summary = status["pushbroom:summary"]
    assert (summary["width"], summary["height"]) == (SIZE, SIZE)
    assert sum(summary["classes"].values()) == pytest.approx(1, abs=1e-5)
    results = "http://www.opengis.net/def/rel/ogc/1.0/results"
    assert relations(status)[results] == f"{service.url}/jobs/{job}/results"


def test_synchronous_echo_of_one_output_is_its_raw_value(service):
    reply = service.post("/processes/echo/execution", {
        "inputs": {"message": "grüezi"}, "outputs": {"message": {}}})
    assert reply.status == 200
    assert reply.headers.get_content_type() == "text/plain"
    assert reply.body.decode() == "grüezi"


def test_synchronous_document_has_every_output(service):
    reply = service.post("/processes/echo/execution", {
        "inputs": {"message": "hi", "numbers": [1, 2],
                   "mixed": {"value": {"a": 1}}},
        "response": "document"})
    assert reply.status == 200
    assert reply.json() == {
        "message": "hi", "numbers": [1, 2],
        "mixed": {"value": {"a": 1}, "mediaType": "application/json"}}


def parts_of(reply):
    message = email.message_from_bytes(
        b"Content-Type: " + reply.headers["Content-Type"].encode()
        + b"\r\n\r\n" + reply.body)
    assert message.get_content_type() == "multipart/related"
    return {p["Content-ID"].strip("<>"): p for p in message.get_payload()}


def test_several_raw_outputs_come_as_multipart(service):
    reply = service.post("/processes/echo/execution", {
        "inputs": {"message": "hi", "numbers": [1, 2]}})
    assert reply.status == 200
    parts = parts_of(reply)
    assert parts["message"].get_payload() == "hi"
    assert json.loads(parts["numbers"].get_payload()) == [1, 2]


def test_a_synchronous_model_run_redirects_to_its_raster(service, folder):
    reply = service.post(
        "/processes/cloud-mask/execution",
        {"inputs": imagery(folder), "outputs": {"classes": {}}}, follow=False)
    assert reply.status == 303
    listed = [j["jobID"] for j in service.get("/jobs").json()["jobs"]]
    assert not any(job in reply.headers["Location"] for job in listed), (
        "a synchronous job is not listed")


def test_results_as_multipart_and_as_document(service, folder, finished):
    job, _ = finished
    parts = parts_of(service.get(f"/jobs/{job}/results"))
    where = f"{service.url}/jobs/{job}/results/classes"
    assert parts["classes"]["Content-Location"] == where
    assert json.loads(parts["item"].get_payload())["type"] == "Feature"

    job = service.submit("cloud-mask", imagery(folder), response="document")
    service.wait(job)
    document = service.get(f"/jobs/{job}/results").json()
    assert document["classes"] == {
        "href": f"{service.url}/jobs/{job}/results/classes", "type": COG}
    item = document["item"]["value"]
    assert item["assets"]["classes"]["href"] == document["classes"]["href"]


def test_a_raster_is_served_by_the_files_port_in_ranges(service, finished):
    job, _ = finished
    path = f"/jobs/{job}/results/classes"
    redirect = service.get(path, follow=False)
    assert redirect.status == 307
    target = redirect.headers["Location"]
    assert target.startswith(f"http://127.0.0.1:{service.files_port}/")
    whole = service.get(path)
    assert whole.status == 200 and whole.headers["Content-Type"] == COG
    assert whole.headers["Accept-Ranges"] == "bytes"
    part = service.get(path, headers={"Range": "bytes=4-103"})
    assert part.status == 206 and part.body == whole.body[4:104]
    assert part.headers["Content-Range"] == f"bytes 4-103/{len(whole.body)}"
    beyond = service.get(path, headers={"Range": f"bytes={len(whole.body)}-"})
    assert beyond.status == 416
    forged = target[:-1] + ("0" if target[-1] != "0" else "1")
    assert request("GET", forged).status == 403


def test_gdal_opens_a_result_from_the_url_of_the_api(service, finished):
    job, _ = finished
    raster = gdal.Open(f"/vsicurl/{service.url}/jobs/{job}/results/classes")
    band = raster.GetRasterBand(1)
    assert (raster.RasterXSize, raster.RasterYSize) == (SIZE, SIZE)
    assert raster.GetMetadataItem("LAYOUT", "IMAGE_STRUCTURE") == "COG"
    assert band.GetColorTable() is not None
    assert band.GetNoDataValue() == 255
    assert (raster.ReadAsArray() == raster_of(service, job)).all()


def test_a_scene_is_the_same_by_link_by_item_and_by_value(
        service, folder, finished):
    by_item, _ = finished
    item = json.loads((folder / "scene.json").read_text(encoding="utf-8"))
    item["assets"]["scene"]["href"] = str(folder / "scene.tif")
    by_value = service.submit("cloud-mask", {"image": {"value": item}})
    as_feature = service.submit("cloud-mask", {"image": item})
    by_link = service.submit("cloud-mask", imagery(folder))
    expected = raster_of(service, by_item)
    for job in [by_value, as_feature, by_link]:
        assert service.wait(job)["status"] == "successful"
        assert (raster_of(service, job) == expected).all()
    made = json.loads(service.item_file(by_value).read_text("utf-8"))
    assert made["properties"]["datetime"] == "2026-06-21T10:00:00Z"


def test_a_bbox_cuts_the_scene(service, folder):
    job = service.submit("cloud-mask", dict(
        imagery(folder), bbox={
            "bbox": [502000, 5192000, 506000, 5198000],
            "crs": "http://www.opengis.net/def/crs/EPSG/0/32633"}))
    status = service.wait(job)
    assert status["status"] == "successful", status
    assert raster_of(service, job).shape == (300, 200)


def test_two_jobs_at_once_give_what_each_gives_alone(service, folder, finished):
    alone_small = raster_of(service, finished[0])
    large = service.submit("cloud-mask", imagery(folder, "large.tif"))
    service.wait(large)
    together = [service.submit("cloud-mask", imagery(folder, name))
                for name in ["large.tif", "scene.tif"]]

    def both_run():
        states = [service.get(f"/jobs/{job}").json()["status"]
                  for job in together]
        assert states[1] != "successful" or states[0] == "running", (
            "the small job had to wait for the large one")
        return states == ["running", "running"]
    until(both_run, "both jobs running at once")
    for job in together:
        assert service.wait(job)["status"] == "successful"
    assert (raster_of(service, together[0])
            == raster_of(service, large)).all()
    assert (raster_of(service, together[1]) == alone_small).all()


# --- jobs -------------------------------------------------------------------

def test_the_job_list_is_filtered_and_paged(service, finished):
    job, _ = finished
    echo = service.submit("echo", {"message": "listed"})
    service.wait(echo)
    listed = service.get("/jobs?limit=1000").json()
    assert listed["numberMatched"] == len(listed["jobs"])
    assert {job, echo} <= {j["jobID"] for j in listed["jobs"]}
    only = service.get("/jobs?processID=echo&limit=1000").json()["jobs"]
    assert {j["processID"] for j in only} == {"echo"}
    failed = service.get("/jobs?status=dismissed&limit=1000").json()["jobs"]
    assert job not in {j["jobID"] for j in failed}
    page = service.get("/jobs?limit=1").json()
    assert len(page["jobs"]) == 1 and "next" in relations(page)
    check_problem(service.get("/jobs?status=nonsense"), 400,
                  "invalid-query-parameter-value")


def test_results_of_a_job_that_goes_on_are_not_ready(service):
    job = service.submit("echo", {"message": "slow", "pause": 30})
    check_problem(service.get(f"/jobs/{job}/results"), 404,
                  "result-not-ready")
    assert service.delete(f"/jobs/{job}").status == 200
    assert service.wait(job)["status"] == "dismissed"


def test_a_running_job_and_an_accepted_one_are_dismissed(service, folder):
    # Both places of the one worker are taken: the third has to wait.
    running = [service.submit("echo", {"message": "x", "pause": 60}),
               service.submit("cloud-mask", imagery(folder, "large.tif"))]
    for job in running:
        until(lambda job=job: service.get(f"/jobs/{job}").json()["status"]
              == "running", "running")
    waiting = service.submit("cloud-mask", imagery(folder))
    assert service.get(f"/jobs/{waiting}").json()["status"] == "accepted"
    for job in [waiting, *running]:
        reply = service.delete(f"/jobs/{job}")
        assert reply.status == 200 and reply.json()["status"] == "dismissed"
        assert service.wait(job)["status"] == "dismissed"
        check_problem(service.get(f"/jobs/{job}/results"), 404,
                      "result-not-available")
    # The worker is free again at once, and nothing of them is published.
    after = service.submit("cloud-mask", imagery(folder))
    assert service.wait(after)["status"] == "successful"
    service.item_file(after)
    assert not set(service.items()) & {waiting, *running}


def test_removing_a_finished_job_removes_its_files(service, folder):
    job = service.submit("cloud-mask", imagery(folder))
    service.wait(job)
    target = service.get(f"/jobs/{job}/results/classes",
                         follow=False).headers["Location"]
    assert service.delete(f"/jobs/{job}").json()["status"] == "dismissed"
    check_problem(service.get(f"/jobs/{job}"), 404, "no-such-job")
    assert request("GET", target).status == 404
    assert not list((service.data_dir / "storage").rglob(f"*{job}*/**/*.tif"))


# --- bad input --------------------------------------------------------------

def test_what_does_not_exist_is_404_with_the_ogc_type(service):
    absent = "/jobs/550e8400-e29b-41d4-a716-446655440000"
    check_problem(service.get("/processes/nope"), 404, "no-such-process")
    check_problem(service.post("/processes/nope/execution", {"inputs": {}}),
                  404, "no-such-process")
    for path in ["/jobs/nope", absent, absent + "/results"]:
        check_problem(service.get(path), 404, "no-such-job")
    check_problem(service.delete(absent), 404, "no-such-job")
    assert service.get("/nothing/here").status == 404


@pytest.mark.parametrize("body,words", [
    (b"", "not JSON"), (b'{"inputs":', "not JSON"),
    (b"[" * 100_000, "64 levels"), (b"[]", "JSON object"),
    (b'"text"', "JSON object")])
def test_a_body_that_is_no_request_is_400(service, body, words):
    reply = service.post("/processes/cloud-mask/execution", body)
    assert words in check_problem(reply, 400)["detail"]


def test_another_media_type_is_415(service):
    reply = service.post("/processes/echo/execution", b"<xml/>",
                         headers={"Content-Type": "text/xml"})
    assert reply.status == 415


@pytest.mark.parametrize("process,body,pointers", [
    ("echo", {}, ["/inputs"]),
    ("echo", {"inputs": []}, ["/inputs"]),
    ("echo", {"inputs": {"message": 3, "numbers": [1, "x"],
                         "region": {"bbox": [1, 2]}}},
     ["/inputs/message", "/inputs/numbers/1", "/inputs/region/bbox"]),
    ("echo", {"inputs": {"message": "a", "more": 1}}, ["/inputs/more"]),
    ("echo", {"inputs": {"message": "a", "pause": 61}}, ["/inputs/pause"]),
    ("echo", {"inputs": {"message": "a"}, "response": "loud"}, ["/response"]),
    ("echo", {"inputs": {"message": "a"}, "outputs": {"no": {}}},
     ["/outputs/no"]),
    ("cloud-mask", {"inputs": {}}, ["/inputs"]),
    ("cloud-mask", {"inputs": {"image": "text"}}, ["/inputs/image"]),
    ("cloud-mask", {"inputs": {"image": {"href": 7}}}, ["/inputs/image/href"]),
    ("cloud-mask", {"inputs": {"image": {"href": ""}}}, ["/inputs/image/href"]),
    ("cloud-mask", {"inputs": {"image": {"href": "/etc/passwd"}}},
     ["/inputs/image/href"]),
    ("cloud-mask", {"inputs": {"image": {"href": "file:///etc/passwd"}}},
     ["/inputs/image/href"]),
    ("cloud-mask", {"inputs": {"image": {"href": "http://127.0.0.1/a.tif"}}},
     ["/inputs/image/href"]),
    ("cloud-mask", {"inputs": {"image": {"href": "ftp://example.org/a"}}},
     ["/inputs/image/href"]),
    ("cloud-mask", {"inputs": {"image": {"href": "/vsicurl/http://a/b.tif"}}},
     ["/inputs/image/href"]),
    ("cloud-mask", {"inputs": {"image": {"value": {"type": "Feature"}}}},
     ["/inputs/image/value/assets"])])
def test_a_bad_request_is_400_with_a_pointer_and_makes_no_job(
        service, process, body, pointers):
    before = service.get("/jobs").json()["numberMatched"]
    reply = service.post(f"/processes/{process}/execution", body,
                         headers={"Prefer": "respond-async"})
    problem = check_problem(reply, 400)
    assert [e["pointer"] for e in problem["errors"]] == pointers
    assert problem["pointer"] == pointers[0]
    assert all(e["detail"] for e in problem["errors"])
    assert service.get("/jobs").json()["numberMatched"] == before


@pytest.mark.parametrize("name,inputs,words", [
    ("absent.tif", {}, "does not exist"),
    ("text.tif", {}, "not a raster"),
    ("no_item.json", {}, "not a STAC Item"),
    ("no_asset.json", {}, "absent.tif"),
    ("rgb.json", {}, "lacks the bands nir"),
    ("scene.tif", {"bbox": {"bbox": [0, 0, 1, 1]}}, "does not overlap"),
    ("scene.tif", {"bands": {"blue": 99}}, "has no band 99")])
def test_a_scene_that_cannot_be_read_fails_the_job_with_the_reason(
        service, folder, name, inputs, words):
    item = json.loads((folder / "scene.json").read_text(encoding="utf-8"))
    (folder / "no_item.json").write_text('{"type": "Collection"}')
    bands = item["assets"]["scene"]["bands"]
    item["assets"]["scene"]["bands"] = bands[:3]
    (folder / "rgb.json").write_text(json.dumps(item))
    item["assets"]["scene"].update(bands=bands, href="./absent.tif")
    (folder / "no_asset.json").write_text(json.dumps(item))

    job = service.submit("cloud-mask", dict(imagery(folder, name), **inputs))
    status = service.wait(job)
    assert status["status"] == "failed"
    assert words in status["message"]
    problem = check_problem(service.get(f"/jobs/{job}/results"), 400)
    assert problem["detail"] == status["message"]
    assert problem["pointer"].startswith("/inputs")
    assert service.get(f"/jobs/{job}/results/classes").status == 400
    # Published in order: this one would have been before that one.
    after = service.submit("cloud-mask", imagery(folder))
    service.wait(after)
    service.item_file(after)
    assert job not in service.items()
    assert not list((service.data_dir / "storage").rglob(f"{job}/**/*.tif"))


def test_a_model_that_cannot_run_is_listed_with_every_problem(
        folder, tmp_path):
    models = tmp_path / "models"
    scenes.copy_model(models, name="good")
    scenes.copy_model(models, name="corrupt", change=scenes.break_artifact)
    scenes.copy_model(models, name="contrary", change=scenes.contradict)
    scenes.copy_model(models, name="forged", change=scenes.falsify_checksum)
    (models / "broken.json").write_text("{", encoding="utf-8")
    with Service(tmp_path / "data", models=[models], environment=FAST,
                 file_roots=[folder]) as service:
        listed = {p["id"]: p
                  for p in service.get("/processes").json()["processes"]}
        assert {"good", "corrupt", "contrary", "forged", "echo"} <= set(listed)
        expected = {"corrupt": {"artifact-not-torchscript"},
                    "contrary": scenes.CONTRADICTIONS,
                    "forged": {"artifact-unavailable"}}
        for name, codes in expected.items():
            for process in [listed[name],
                            service.get(f"/processes/{name}").json()]:
                assert process["pushbroom:state"] == "unavailable"
                errors = [d for d in process["pushbroom:diagnostics"]
                          if d["level"] == "error"]
                assert {d["code"] for d in errors} == codes
                assert all(d["text"] in process["pushbroom:reason"]
                           for d in errors)
            reply = service.post(f"/processes/{name}/execution",
                                 {"inputs": imagery(folder)})
            assert name in check_problem(reply, 501)["detail"]
        job = service.submit("good", imagery(folder))
        assert service.wait(job)["status"] == "successful"


def test_echo_can_be_switched_off(tmp_path):
    with Service(tmp_path, models=[], workers=0,
                 environment={"PUSHBROOM_MODELS_ECHO": "false"}) as service:
        assert service.get("/processes").json()["processes"] == []
        check_problem(service.get("/processes/echo"), 404, "no-such-process")


# --- remote scenes ----------------------------------------------------------

def test_a_remote_scene_is_read_in_ranges_where_it_is_allowed(
        folder, tmp_path, service, finished):
    models = tmp_path / "models"
    scenes.copy_model(models)
    with RangeServer(folder) as remote:
        environment = dict(FAST, **{
            "PUSHBROOM_INPUTS_URLS_ALLOW_HTTP": "true",
            "PUSHBROOM_INPUTS_URLS_ALLOWED_NETWORKS": "127.0.0.0/8",
            "PUSHBROOM_INPUTS_URLS_ALLOWED_PORTS": str(remote.port)})
        with Service(tmp_path / "data", models=[models],
                     environment=environment) as open_service:
            expected = raster_of(service, finished[0])
            for name in ["scene.tif", "scene.json"]:
                job = open_service.submit("cloud-mask", {
                    "image": {"href": f"{remote.url}/{name}"}})
                status = open_service.wait(job)
                assert status["status"] == "successful", status
                assert (raster_of(open_service, job) == expected).all()
            assert remote.ranges("scene.tif"), "it was fetched as a whole"
            # A corner of a large scene costs a part of its bytes.
            job = open_service.submit("cloud-mask", {
                "image": {"href": f"{remote.url}/large.tif"},
                "bbox": {"bbox": [510000, 5190000, 514000, 5194000],
                         "crs": "http://www.opengis.net/def/crs/EPSG/0/32633"}})
            assert open_service.wait(job)["status"] == "successful"
            size = (folder / "large.tif").stat().st_size
            assert 0 < remote.bytes_sent("large.tif") < size / 2
            # What answers, but not with a raster, fails the job.
            job = open_service.submit("cloud-mask", {
                "image": {"href": f"{remote.url}/absent.tif"}})
            status = open_service.wait(job)
            assert status["status"] == "failed" and "404" in status["message"]
        # The same address is nothing to a service that was not told of it.
        reply = service.post("/processes/cloud-mask/execution", {
            "inputs": {"image": {"href": f"{remote.url}/scene.tif"}}})
        assert "refused" in check_problem(reply, 400)["detail"]


def test_an_address_of_this_machine_is_refused_though_http_is_allowed(
        folder, tmp_path):
    models = tmp_path / "models"
    scenes.copy_model(models)
    with RangeServer(folder) as remote:
        environment = dict(FAST, **{
            "PUSHBROOM_INPUTS_URLS_ALLOW_HTTP": "true",
            "PUSHBROOM_INPUTS_URLS_ALLOWED_PORTS": str(remote.port)})
        with Service(tmp_path / "data", models=[models],
                     environment=environment) as service:
            # By name it is only known to be local when it is resolved.
            reply = service.post(
                "/processes/cloud-mask/execution",
                {"inputs": {"image": {
                    "href": f"http://localhost:{remote.port}/scene.tif"}}},
                headers={"Prefer": "respond-async"})
            if reply.status == 201:
                status = service.wait(reply.json()["jobID"])
                assert status["status"] == "failed"
                assert "refused" in status["message"]
            else:
                assert "refused" in check_problem(reply, 400)["detail"]
        assert not remote.requests


# --- what is published ------------------------------------------------------

def test_the_catalogue_holds_together(service, finished):
    job, _ = finished
    service.item_file(job)
    root = service.data_dir / "catalog" / "catalog.json"
    seen = {}

    def visit(path):
        document = json.loads(path.read_text(encoding="utf-8"))
        assert path not in seen, f"{path} is linked twice"
        seen[path] = document
        assert document["stac_version"].startswith("1.")
        for link in document["links"]:
            if "://" in link["href"] or link["href"].startswith("/"):
                continue
            target = (path.parent / link["href"]).resolve()
            assert target.is_file(), f"{path}: {link}"
            if link["rel"] == "root":
                assert target == root.resolve()
            if link["rel"] in ("child", "item"):
                visit(target)
                parent = next(x for x in seen[target]["links"]
                              if x["rel"] == "parent")
                assert (target.parent / parent["href"]).resolve() == path

    visit(root.resolve())
    documents = seen.values()
    (collection,) = [d for d in documents if d["type"] == "Collection"]
    assert {"id", "description", "license", "extent"} <= set(collection)
    items = {path: d for path, d in seen.items() if d["type"] == "Feature"}
    assert {d["id"] for d in items.values()} == set(service.items())
    west, south, east, north = collection["extent"]["spatial"]["bbox"][0]
    for path, item in items.items():
        assert item["collection"] == collection["id"]
        assert item["bbox"][0] >= west and item["bbox"][2] <= east
        assert item["bbox"][1] >= south and item["bbox"][3] <= north
        day = path.parts[-5:-2]
        assert [len(part) for part in day] == [4, 2, 2], "dated catalogues"
        for asset in item["assets"].values():
            data = (path.parent / asset["href"]).read_bytes()
            assert asset["file:checksum"] == (
                "1220" + hashlib.sha256(data).hexdigest())


def test_an_item_says_how_it_was_made(service, folder, finished):
    job, _ = finished
    item = json.loads(service.item_file(job).read_text(encoding="utf-8"))
    properties = item["properties"]
    assert properties["pushbroom:job"] == job
    assert properties["pushbroom:model"]["id"] == "cloud-mask"
    assert properties["processing:software"]["pushbroom"]
    assert {r["origin"] for r in properties["pushbroom:radiometry"]} == {
        "item"}
    derived = [link["href"] for link in item["links"]
               if link["rel"] == "derived_from"]
    assert str(folder / "scene.json") in derived
    assert f"{service.url}/processes/cloud-mask" in derived
