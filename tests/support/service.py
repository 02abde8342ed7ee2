"""The real service, driven from outside: started, asked over HTTP, stopped."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("PUSHBROOM_BIN",
                                  ROOT / "build" / "release" / "bin"))
EXAMPLES = ROOT / "process-descriptions" / "examples"


def free_port(preferred=0):
    """`preferred` if nobody listens there, else any free port."""
    for port in (preferred, 0):
        with contextlib.closing(socket.socket()) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return s.getsockname()[1]
    raise OSError("no free port")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args):
        return None


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


def request(method, url, body=None, headers=None, timeout=60, follow=True):
    """One HTTP exchange; an error status is a reply, not an exception."""
    data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
    headers = dict(headers or {})
    if data is not None:
        headers.setdefault("Content-Type", "application/json")
    handlers = [urllib.request.ProxyHandler({})]
    if not follow:
        handlers.append(NoRedirect)
    opener = urllib.request.build_opener(*handlers)
    ask = urllib.request.Request(url, data=data, headers=headers,
                                 method=method)
    try:
        with opener.open(ask, timeout=timeout) as reply:
            return Reply(reply.status, reply.headers, reply.read())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, error.headers, error.read())


class Service:
    """One `pushbroom serve` with its workers. Use as a context manager."""

    def __init__(self, data_dir, models=(EXAMPLES,), port=0, workers=1,
                 environment=None, file_roots=(), log=None):
        self.data_dir = pathlib.Path(data_dir)
        self.models = [str(m) for m in models]
        self.workers = workers
        self.environment = dict(environment or {})
        self.file_roots = [str(r) for r in file_roots]
        self.log = log
        self.port = port or free_port()
        self.files_port = free_port(8081 if port == 8080 else 0)
        self.ops_port = free_port(9464 if port == 8080 else 0)
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self, wait=True):
        environment = dict(os.environ, **self.environment)
        if self.file_roots:
            environment["PUSHBROOM_INPUTS_URLS_FILE_ROOTS"] = ",".join(
                self.file_roots)
        command = [str(BIN / "pushbroom"), "serve", "--port", str(self.port),
                   "--files-port", str(self.files_port), "--ops-port",
                   str(self.ops_port), "--data-dir", str(self.data_dir),
                   "--workers", str(self.workers)]
        for directory in self.models:
            command += ["--models", directory]
        self.process = subprocess.Popen(
            command, env=environment, stderr=self.log, stdin=subprocess.DEVNULL,
            start_new_session=True)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, timeout=120):
        """Until every model is settled; the process must stay alive."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(
                    f"pushbroom ended with {self.process.returncode}")
            try:
                url = f"http://127.0.0.1:{self.ops_port}/readyz"
                if request("GET", url, timeout=5).status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise TimeoutError("the service did not become ready")

    def get(self, path, **kwargs):
        return request("GET", self.url + path, **kwargs)

    def post(self, path, body, **kwargs):
        return request("POST", self.url + path, body, **kwargs)

    def delete(self, path, **kwargs):
        return request("DELETE", self.url + path, **kwargs)

    def submit(self, process, inputs, **members):
        """Asynchronously; gives the job's id."""
        reply = self.post(f"/processes/{process}/execution",
                          dict(inputs=inputs, **members),
                          headers={"Prefer": "respond-async"})
        if reply.status != 201:
            raise RuntimeError(f"{reply.status}: {reply.body.decode()}")
        return reply.json()["jobID"]

    def wait(self, job, timeout=300, on_status=None):
        """Until the job has ended; gives its last status."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            try:
                reply = self.get(f"/jobs/{job}")
            except OSError:
                reply = None  # being restarted
            if reply is not None and reply.status == 200:
                status = reply.json()
                if on_status:
                    on_status(status)
                if status["status"] in ("successful", "failed", "dismissed"):
                    return status
            time.sleep(0.05)
        raise TimeoutError(f"job {job} did not end")

    def item_file(self, job, timeout=30):
        """The published STAC Item of a job, in the catalogue directory."""
        end = time.monotonic() + timeout
        catalog = self.data_dir / "catalog"
        while time.monotonic() < end:
            for path in catalog.rglob(f"{job}.json"):
                return path
            time.sleep(0.05)
        raise TimeoutError(f"no item of job {job} below {catalog}")

    def items(self):
        """Every published STAC Item, by id: a list of its paths."""
        found = {}
        for path in (self.data_dir / "catalog").rglob("*.json"):
            document = json.loads(path.read_text(encoding="utf-8"))
            if document.get("type") == "Feature":
                found.setdefault(document["id"], []).append(path)
        return found

    def worker_pids(self):
        """The worker processes that this service has started."""
        pids = []
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                name, _, fields = stat.read_text().rpartition(")")
            except OSError:
                continue  # it has ended
            state, parent = fields.split()[:2]
            if (int(parent) == self.process.pid and state != "Z"
                    and "(pushbroom-worke" in name):  # cut at 15 characters
                pids.append(int(stat.parent.name))
        return pids

    def kill(self):
        """As a power cut would: no clean-up."""
        self.process.kill()
        self.process.wait()

    def stop(self, timeout=60):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def __enter__(self):
        return self.start()

    def __exit__(self, *_error):
        self.stop()
