"""Clients that mean ill, or are out of their mind: a clear refusal, and the API lives on unharmed."""

import json
import os
import resource
import selectors
import socket
import time
import unittest

from support import System, wait_for

CSV = b"a,b,y\n" + b"".join(b"%d,x,%d\n" % (n, n % 2) for n in range(30))
SQL = ("'; drop table models; --", "' or '1'='1", "$$; select pg_sleep(60); --", "\\'; delete from keys; --", "%' or true --")
UP = ("../../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "/etc/passwd", "..\\..\\windows", "a/../../b", ".", "..")
SESSIONS = 24  # with the database; they are kept
system = None
dataset = None


def setUpModule():
    global system, dataset
    system = System(workers=0)
    system.__enter__()
    unittest.addModuleCleanup(system.__exit__)
    dataset = system.upload("small.csv", CSV).json["upload_id"]
    assert system.call("POST", "/models/there", good()).status == 200


def good(**more):
    return dict({"intent": "predict y", "dataset_id": dataset}, **more)


def count_of(what):
    return len(os.listdir(f"/proc/{system.processes['api'].pid}/{what}"))


class Bodies(unittest.TestCase):
    def refuse(self, method, path, body, *statuses, headers=None):
        started = time.monotonic()
        answer = system.call(method, path, body, headers)
        self.assertIn(answer.status, statuses, (path, str(body)[:100], answer))
        self.assertIn("message", answer.json)
        self.assertLess(time.monotonic() - started, 20)
        return answer

    def test_very_long_texts(self):
        for size in (9 << 20, 10 << 20, 11 << 20):
            text = "x" * size
            wanted = (422,) if size < 10 << 20 else (413,)
            for field in ("intent", "name", "description", "dataset_id", "target", "metric", "unknown"):
                self.refuse("POST", "/models/refused", good(**{field: text}), *wanted)
            self.refuse("POST", "/models/refused", {text: 1}, *wanted)
            self.refuse("POST", "/models/refused", good(tags=[text]), *wanted)
            self.refuse("PATCH", "/models/there", {"description": text}, *wanted)
            self.refuse("POST", "/uploads", {"filename": text, "content_type": "text/csv"}, 422, 413)
            self.refuse("POST", "/models/none/v1.0/infer", {"a": text}, 404, 413)

    def test_deep_nesting_and_numbers_that_are_none(self):
        for text in ("[" * 100000, '{"a":' * 100000, "[" * 50000 + "]" * 50000, '{"intent":NaN}', '{"intent":Infinity}',
                     '{"seed":1e400}', '{"seed":-1e999}', '{"seed":' + "9" * 5000 + "}", '{"a":1,"a":2}', "\ufeff{}"):
            for path in ("/models/refused", "/models", "/models/there/versions", "/uploads", "/uploads/status"):
                self.refuse("POST", path, text.encode(), 400, 422)

    def test_bytes_that_are_no_text(self):
        for body in (b'{"intent":"\xff\xfe"}', b'{"intent":"a\\u0000b"}', b'{"in\x00tent":"a"}', b'{"intent":"\\ud800"}',
                     b"\x00" * 1000, bytes(range(256))):
            self.refuse("POST", "/models/refused", body, 400, 422)

    def test_other_content_types(self):
        for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "nonsense", "a" * 5000):
            self.refuse("POST", "/models/refused", "<xml/>", 400, 422, headers={"Content-Type": kind})


class Names(unittest.TestCase):
    def test_statements_in_every_field(self):
        before = system.sql("select count(*) from models")
        for text in SQL:
            quoted = "".join(f"%{byte:02x}" for byte in text.encode())
            for path in ("/models/{}", "/models/{}/v1.0/status", "/models/there/{}/status", "/jobs/{}", "/uploads/{}",
                         "/uploads/datasets/{}/versions", "/models?status={}", "/models?tags={}", "/jobs?type={}",
                         "/models/build-logs?job_id={}", "/uploads?sort={}", "/models/there/versions?limit={}"):
                answer = system.call("GET", path.format(quoted))
                self.assertIn(answer.status, (200, 400, 404), (path, answer))
                for listed in ("models", "jobs", "logs"):
                    if answer.status == 200 and listed in answer.json:
                        self.assertEqual(answer.json[listed], [], path)
            for field in ("intent", "name", "description", "dataset_id", "target", "metric", "tags"):
                value = [text] if field == "tags" else text
                answer = system.call("POST", "/models/sql", good(**{field: value}))
                self.assertIn(answer.status, (200, 404, 422), (field, answer))
                if answer.status == 200:
                    told = system.call("GET", "/models/sql").json
                    self.assertEqual(told.get(field, value), value)  # kept as the text it is
                    self.assertEqual(system.call("DELETE", "/models/sql").status, 200)
            self.assertEqual(system.send("GET", "/models", headers={"x-api-key": text}).status, 401)
        self.assertEqual(system.sql("select count(*) from models where deleted_at is null"), before)

    def test_ways_up(self):
        for name in UP:
            quoted = "".join(f"%{byte:02x}" for byte in name.encode())
            self.assertIn(system.call("POST", "/models/" + quoted, good()).status, (404, 405, 422), name)
            for path in ("/models/{}", "/uploads/{}", "/docs/{}", "/uploads/" + dataset + "/files/{}/preview"):
                answer = system.call("GET", path.format(quoted))
                self.assertIn(answer.status, (400, 404), (path, name, answer))
                self.assertNotIn(b"root:", answer.body)
            whole = system.upload(name, CSV)
            self.assertIn(whole.status, (200, 400, 422), (name, whole))
            made = system.call("POST", "/uploads", {"filename": name, "content_type": "text/csv"})
            self.assertIn(made.status, (200, 400, 422), (name, made))
        blobs = os.path.join(system.folder, "blobs")
        for folder, _, files in os.walk(system.folder):
            for file in files:
                inside = folder.startswith(blobs) or file.endswith(".log")
                self.assertTrue(inside, os.path.join(folder, file))
        for raw in (b"GET /../../etc/passwd", b"GET /models/../../etc/passwd", b"GET //etc/passwd", b"GET /docs/../../etc/passwd"):
            self.assertIn(b" 404 ", system.raw(raw + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))


class Connections(unittest.TestCase):
    def open(self, count, port, data):
        ends = []
        for _ in range(count):
            end = socket.create_connection(("127.0.0.1", port), timeout=30)
            self.addCleanup(end.close)
            end.sendall(data)
            ends.append(end)
        return ends

    def hear(self, ends, patience_s):
        """What each of them is sent until its end, or until the time is over: {end: (bytes, whether it ended)}."""
        heard = {end: b"" for end in ends}
        ended = {end: False for end in ends}
        until = time.monotonic() + patience_s
        with selectors.DefaultSelector() as selector:
            for end in ends:
                selector.register(end, selectors.EVENT_READ)
            while selector.get_map() and time.monotonic() < until:
                for key, _ in selector.select(0.5):
                    try:
                        data = key.fileobj.recv(65536)
                    except OSError:
                        data = b""
                    heard[key.fileobj] += data
                    if data == b"":
                        ended[key.fileobj] = True
                        selector.unregister(key.fileobj)
        return {end: (heard[end], ended[end]) for end in ends}

    def test_two_thousand_at_once(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
        threads, files = count_of("task"), count_of("fd")
        asks = f"GET /models HTTP/1.1\r\nHost: x\r\nx-api-key: {system.key}\r\n\r\n".encode()
        ends = self.open(2000, system.port, asks)
        answers = self.hear(ends, 20)
        good_ones = [text for text, _ in answers.values() if text.startswith(b"HTTP/1.1 200 ")]
        refused = [(text, ended) for text, ended in answers.values() if text.startswith(b"HTTP/1.1 503 ")]
        self.assertEqual(len(good_ones) + len(refused), 2000)
        self.assertGreaterEqual(len(good_ones), 900)
        self.assertGreaterEqual(len(refused), 900)
        for text, ended in refused:
            self.assertIn(b"Retry-After: ", text)
            self.assertIn(b"too many connections", text)
            self.assertTrue(ended)
        for end in ends:
            end.close()
        wait_for(lambda: system.send("GET", "/healthz").status, lambda status: status == 200, 60)
        wait_for(lambda: (count_of("task"), count_of("fd")),
                 lambda now: now[0] <= threads + 5 and now[1] <= files + SESSIONS + 5, 60)

    def test_a_request_that_drips_is_dropped(self):
        first = b"POST /models/slow HTTP/1.1\r\nHost: x\r\n"
        body = f"x-api-key: {system.key}\r\nContent-Length: 1000\r\n\r\n".encode()
        ends = []
        for port in (system.port, system.predict_port, system.upload_port):
            ends += self.open(2, port, first)
        for port in (system.port, system.predict_port):
            ends += self.open(1, port, first + body)
        started = time.monotonic()
        while time.monotonic() - started < 25:
            for end in ends:
                end.sendall(b"a")
            time.sleep(1)  # so slow are they
        dropped = self.hear(ends, 15)
        self.assertTrue(all(ended for _, ended in dropped.values()))
        self.assertLess(time.monotonic() - started, 40)
        self.assertEqual(system.call("GET", "/models/slow").status, 404)


if __name__ == "__main__":
    unittest.main()
