"""What every path has: OPTIONS and HEAD; and the API's description, for programs and people."""

import http.client
import os
import re
import shutil
import subprocess
import unittest

from support import System

CSV = b"a,b,y\n" + b"".join(b"%d,x,%d\n" % (n, n % 2) for n in range(30))
METHODS = "OPTIONS,GET,PUT,POST,DELETE,PATCH,HEAD"
HEADERS = {"content-type", "x-amz-date", "x-api-key", "authorization", "auth", "x-amz-security-token", "origin",
           "accept", "x-requested-with"}
EXPOSED = {"x-api-key", "authorization", "content-type"}
system = None
description = None
names = {}


def setUpModule():
    global system, description
    system = System(workers=0)
    system.__enter__()
    unittest.addModuleCleanup(system.__exit__)
    description = system.send("GET", "/openapi.json").json
    upload = system.upload("small.csv", CSV).json["upload_id"]
    made = system.call("POST", "/models/there", {"intent": "predict y", "dataset_id": upload}).json
    names.update(model_name="there", model_version="v1.0", job_id=made["job_id"], upload_id=upload, file="docs.js")


def paths():
    for path, item in description["paths"].items():
        yield re.sub(r"\{(\w+)\}", lambda part: names.get(part[1], "none"), path), item


def words(text):
    return {word.strip().lower() for word in text.split(",")}


class EveryPath(unittest.TestCase):
    def test_options(self):
        for path, _ in paths():
            for prefix in ("", "/v0", "/v1"):
                answer = system.send("OPTIONS", prefix + path)
                self.assertEqual((answer.status, answer.body), (204, b""), path)
                self.assertEqual(answer.headers["access-control-allow-origin"], "*")
                self.assertEqual(answer.headers["access-control-allow-methods"], METHODS)
                self.assertLessEqual(HEADERS, words(answer.headers["access-control-allow-headers"]))
                self.assertLessEqual(EXPOSED, words(answer.headers["access-control-expose-headers"]))
                self.assertEqual(answer.headers["access-control-allow-credentials"], "true")
                self.assertEqual(answer.headers["access-control-max-age"], "86400")
        for path, port in (("/nothing/at/all", system.port), ("/models/a/1/infer", system.predict_port)):
            self.assertEqual(system.send("OPTIONS", path, port=port).status, 204)

    def test_errors_are_readable_by_pages_too(self):
        for answer in (system.send("GET", "/models", headers={"Origin": "https://page"}),
                       system.call("GET", "/nothing", headers={"Origin": "https://page"})):
            self.assertGreaterEqual(answer.status, 400)
            self.assertEqual(answer.headers["access-control-allow-origin"], "*")

    def compare(self, path, key):
        headers = {"Authorization": "Bearer " + key} if key else {}
        got = system.send("GET", path, headers=headers)
        head = system.send("HEAD", path, headers=headers)
        self.assertEqual((head.status, head.body), (got.status, b""), path)
        for name in ("content-length", "content-type", "allow", "www-authenticate"):
            if path != "/metrics" or name != "content-length":  # its numbers are never the same twice
                self.assertEqual(head.headers.get(name), got.headers.get(name), (path, name))

    def test_head_is_get_without_its_body(self):
        for path, item in paths():
            if "get" in item:
                self.compare(path, system.key)
                self.compare(path, None)
        for path in ("/models/none", "/nothing", "/models?limit=0", "/v0/models/there"):
            self.compare(path, system.key)

    def test_a_connection_goes_on_after_head(self):
        connection = http.client.HTTPConnection("127.0.0.1", system.port, timeout=30)
        self.addCleanup(connection.close)
        for method, path in (("HEAD", "/models/none"), ("HEAD", f"/models/build-logs?job_id={names['job_id']}"),
                             ("OPTIONS", "/models"), ("GET", "/healthz")):
            connection.request(method, path, headers={"Authorization": "Bearer " + system.key})
            answer = connection.getresponse()
            body = answer.read()
        self.assertEqual(body, b'{"status":"ok"}')


class Description(unittest.TestCase):
    def test_it_has_the_public_url(self):
        self.assertEqual(description["openapi"], "3.1.0")
        self.assertEqual([server["url"] for server in description["servers"]],
                         [system.url, system.url + "/v1", system.url + "/v0"])

    def test_the_page_needs_nobody_else(self):
        page = system.send("GET", "/docs")
        self.assertEqual((page.status, page.headers["content-type"]), (200, "text/html; charset=utf-8"))
        self.assertIn("default-src 'none'", page.headers["content-security-policy"])
        self.assertNotRegex(page.body, rb"https?://|<script>|style=| on\w+=")
        for path in re.findall(r'(?:href|src)="(/[^"]+)"', page.body.decode()):
            part = system.send("GET", path)
            self.assertEqual(part.status, 200, path)
            self.assertNotRegex(part.body, rb"https?://(?!127)|innerHTML|@import|url\(")
        self.assertEqual(system.send("GET", "/docs/docs.css").headers["content-type"], "text/css; charset=utf-8")
        for name in ("nothing", "..%2Fdocs.css", "docs.css%00"):
            self.assertIn(system.send("GET", "/docs/" + name).status, (400, 404))

    @unittest.skipUnless(shutil.which("chromium"), "no chromium to look at it with")
    def test_a_browser_draws_every_operation(self):
        done = subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=10000",
             "--user-data-dir=" + os.path.join(system.folder, "browser"), "--dump-dom", system.url + "/docs"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
        )
        drawn = set(re.findall(r'<article id="(\w+)"', done.stdout))
        told = {item[m]["operationId"] for _, item in paths() for m in item if m != "parameters"}
        self.assertEqual(drawn, told)


if __name__ == "__main__":
    unittest.main()
