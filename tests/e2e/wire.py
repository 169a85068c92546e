"""Requests to a running Trainyard, by the standard library alone.

Where it is, and the key, come from TRAINYARD_URL and TRAINYARD_API_KEY, as scripts/up notes them.
"""

import http.client
import json
import os
import time
import urllib.parse
import uuid

URL = os.environ.get("TRAINYARD_URL", "http://127.0.0.1:8080")
KEY = os.environ.get("TRAINYARD_API_KEY", "")
DATA = os.path.join(os.path.dirname(__file__), "..", "data")
PATIENCE_S = 180


class Answer:
    """status, headers (names in lower case), body as bytes, json (None if it is none)."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()
        try:
            self.json = json.loads(self.body)
        except ValueError:
            self.json = None

    def __repr__(self):
        return f"{self.status} {self.body[:500]!r}"


def connect(url=None):
    where = urllib.parse.urlsplit(url or URL)
    return http.client.HTTPConnection(where.hostname, where.port, timeout=PATIENCE_S)


def send(method, url, body=None, headers=None):
    """One request to any URL, without a key."""
    where = urllib.parse.urlsplit(url)
    target = where.path + ("?" + where.query if where.query else "")
    connection = connect(url)
    try:
        connection.request(method, target, body, headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def call(method, path, body=None, headers=None):
    """One request to the API with the key; a body that is no bytes or text goes as JSON."""
    headers = dict({"Authorization": "Bearer " + KEY}, **(headers or {}))
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
        headers.setdefault("Content-Type", "application/json")
    return send(method, URL + path, body, headers)


def multipart(parts):
    """(body, content type) of parts (field, file name or None, bytes)."""
    line = uuid.uuid4().hex
    body = b""
    for field, filename, data in parts:
        named = f'; filename="{filename}"' if filename is not None else ""
        kind = "Content-Type: text/csv\r\n" if filename is not None else ""
        body += f'--{line}\r\nContent-Disposition: form-data; name="{field}"{named}\r\n{kind}\r\n'.encode()
        body += data + b"\r\n"
    return body + f"--{line}--\r\n".encode(), "multipart/form-data; boundary=" + line


def upload_parts(parts, path="/uploads"):
    body, kind = multipart(parts)
    return call("POST", path, body, {"Content-Type": kind})


def table(name):
    with open(os.path.join(DATA, name), "rb") as file:
        return file.read()


def upload_table(name):
    """The id of a complete upload of one of the tables of tests/data."""
    answer = upload_parts([("file", name, table(name))])
    assert answer.status == 200, answer
    return answer.json["upload_id"]


def wait_for(ask, wanted, patience_s=PATIENCE_S):
    """Asks until wanted(answer) holds; the last answer."""
    until = time.monotonic() + patience_s
    while True:
        answer = ask()
        if wanted(answer):
            return answer
        assert time.monotonic() < until, answer
        time.sleep(0.05)


def new_name(stem):
    return f"{stem}-{uuid.uuid4().hex[:10]}"


def build(stem, dataset, **body):
    """Starts a build; (model name, job id)."""
    name = new_name(stem)
    answer = call("POST", "/models/" + name, dict(body, dataset_id=dataset))
    assert answer.status == 200, answer
    return name, answer.json["job_id"]


def build_and_wait(stem, dataset, **body):
    """The name of a model that is READY."""
    name, _ = build(stem, dataset, **body)
    status = wait_for(
        lambda: call("GET", f"/models/{name}/v1.0/status"),
        lambda answer: answer.json["status"] in ("READY", "ERROR"),
    )
    assert status.json["status"] == "READY", status
    return name


def events(path, headers=None, last=None):
    """Yields (event, id, data) of a stream of server-sent events until it ends."""
    headers = dict({"Authorization": "Bearer " + KEY, "Accept": "text/event-stream"}, **(headers or {}))
    if last is not None:
        headers["Last-Event-ID"] = last
    connection = connect()
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        assert response.status == 200, Answer(response)
        assert response.getheader("Content-Type").startswith("text/event-stream")
        event = {}
        for raw in response:
            line = raw.decode().rstrip("\n")
            if line == "":
                if "data" in event:
                    yield event.get("event"), event.get("id"), json.loads(event["data"])
                event = {}
            elif not line.startswith(":"):
                field, _, value = line.partition(": ")
                event[field] = value
    finally:
        connection.close()
