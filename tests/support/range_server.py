"""A web server of a folder that knows ranges and remembers what was asked."""

import http.server
import pathlib
import re
import threading


class RangeServer:
    """Use as a context manager."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.requests = []  # (name, range header or None, bytes sent)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self):
                self.answer(body=False)

            def do_GET(self):
                self.answer(body=True)

            def answer(self, body):
                name = self.path.lstrip("/")
                path = outer.folder / name
                if "/" in name or not path.is_file():
                    outer.requests.append((name, None, 0))
                    self.send_response(404)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                data = path.read_bytes()
                size = len(data)
                asked = self.headers["Range"]
                match = re.fullmatch(r"bytes=(\d+)-(\d*)", asked or "")
                first, last = 0, size - 1
                if match:
                    first = int(match[1])
                    last = min(int(match[2] or last), last)
                if first > last:
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{size}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                data = data[first:last + 1]
                outer.requests.append((name, asked, len(data) if body else 0))
                self.send_response(206 if match else 200)
                if match:
                    self.send_header("Content-Range",
                                     f"bytes {first}-{last}/{size}")
                self.send_header("Accept-Ranges", "bytes")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if body:
                    self.wfile.write(data)

            def log_message(self, *_args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever)

    def ranges(self, name):
        return [asked for n, asked, _ in self.requests if n == name and asked]

    def bytes_sent(self, name):
        return sum(sent for n, _, sent in self.requests if n == name)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_error):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
