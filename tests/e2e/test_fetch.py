"""Tables that a URL names: fetched by the worker's child, from where that is allowed."""

import hashlib
import http.server
import io
import threading
import unittest
import zipfile

from builds import Builds, Case
from support import read_table, wait_for

TABLE = read_table("penguins.csv")


class Site(http.server.BaseHTTPRequestHandler):
    """A web server with a table, and with ways to it."""

    asked = []

    def do_GET(self):
        Site.asked.append(self.path)
        path, _, query = self.path.partition("?")
        if path == "/penguins.csv":
            self.answer(200, TABLE)
        elif path == "/penguins.zip":
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
                made.writestr("penguins.csv", TABLE)
            self.answer(200, file.getvalue())
        elif path.startswith("/hops/"):
            left = int(path.split("/")[2])
            self.answer(302, b"", f"/hops/{left - 1}" if left > 1 else "/penguins.csv")
        elif path == "/to":
            self.answer(302, b"", query)
        elif path == "/large":
            self.answer(200, b"a,b\n" + b"1,2\n" * (600 << 10))
        elif path == "/endless":
            self.send_response(200)
            self.end_headers()
            try:
                for _ in range(64):
                    self.wfile.write(b"1,2\n" * 65536)
            except OSError:
                pass
        else:
            self.answer(404, b"nothing here")

    def answer(self, status, body, location=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if location is not None:
            self.send_header("Location", location)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:  # it had enough
            pass

    def log_message(self, *_):
        pass


class Server:
    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Fetching(Case):
    def setUp(self):
        Site.asked.clear()

    @classmethod
    def start(cls, **settings):
        cls.site = Server()
        cls.enterClassContext(cls.site)
        cls.system = Builds(workers=1, MAX_UPLOAD_MB=2, **settings)
        cls.enterClassContext(cls.system)

    def build(self, name, url, **body):
        return self.system.build(name, url, "predict the species", max_iterations=1, **body)

    def assert_fails(self, name, url, *words):
        job = self.system.wait_for_job(self.build(name, url), "FAILED")
        self.assertEqual(job["error"]["code"], "validation_error", job)
        for word in words:
            self.assertIn(word, job["error"]["message"])


class Allowed(Fetching):
    @classmethod
    def setUpClass(cls):
        cls.start(FETCH_PRIVATE="allow")

    def test_a_model_of_a_url(self):
        url = self.site.url + "/penguins.csv"
        job = self.system.wait_for_job(self.build("of-a-url", url), "COMPLETED")
        digest = hashlib.sha256(TABLE).hexdigest()
        self.assertEqual(job["result"]["dataset"], {"url": url, "digest": digest, "size_bytes": len(TABLE)})
        self.assertEqual(Site.asked, ["/penguins.csv"])
        report = self.system.sql("select report->'dataset'->>'digest' from versions v"
                                 " join models m on m.id = v.model_id where m.name = 'of-a-url'")
        self.assertEqual(report, digest)
        wait_for(lambda: self.system.call("GET", "/models/build-logs?job_id=" + job["job_id"]).json["logs"],
                 lambda logs: any(digest in line["message"] and url in line["message"] for line in logs))
        uploaded = self.system.build("of-an-upload", self.system.upload_table("penguins.csv"),
                                     "predict the species", max_iterations=1)
        uploaded = self.system.wait_for_job(uploaded, "COMPLETED")
        self.assertEqual(uploaded["result"]["artifact_digest"], job["result"]["artifact_digest"])

    def test_other_spellings_and_an_archive(self):
        for field, path in (("upload_id", "/penguins.zip"), ("data_reference", "/hops/5")):
            answer = self.system.call("POST", f"/models/by-{field.replace('_', '-')}", {
                "intent": "predict the species", field: self.site.url + path, "max_iterations": 1})
            self.assertEqual(answer.status, 200, answer)
            job = self.system.wait_for_job(answer.json["job_id"], "COMPLETED")
            self.assertEqual(job["result"]["dataset"]["digest"], hashlib.sha256(TABLE).hexdigest())

    def test_what_another_run_fetched_is_used_again(self):
        self.system.wait_for_job(self.build("first", self.site.url + "/penguins.csv"), "COMPLETED")
        self.system.stop("worker-1")
        job = self.build("second", self.site.url + "/gone.csv")
        self.system.sql("insert into fetched (job_id, digest, size_bytes)"
                        f" values ('{job}', '{hashlib.sha256(TABLE).hexdigest()}', {len(TABLE)})")
        self.system.start_worker("worker-1")
        done = self.system.wait_for_job(job, "COMPLETED")
        self.assertEqual(done["result"]["dataset"]["digest"], hashlib.sha256(TABLE).hexdigest())
        self.assertNotIn("/gone.csv", Site.asked)

    def test_what_is_no_table(self):
        self.assert_fails("missing", self.site.url + "/missing.csv", "404")
        self.assert_fails("hops", self.site.url + "/hops/6", "more than 5")
        self.assert_fails("large", self.site.url + "/large", "larger than 2 MiB")
        self.assert_fails("endless", self.site.url + "/endless", "larger than 2 MiB")
        self.assert_fails("to-a-file", self.site.url + "/to?file:///etc/passwd", "redirects to", "http")
        self.assert_fails("to-a-user", self.site.url + "/to?http://a:b@127.0.0.1/", "password")

    def test_urls_that_are_refused_at_once(self):
        for url in ("ftp://example.com/a.csv", "file:///etc/passwd", "http://a:b@example.com/a.csv",
                    "http:///a.csv", "http://exa mple.com/"):
            answer = self.system.call("POST", "/models/refused", {"intent": "x", "dataset_id": url})
            self.assert_error(answer, 422, "validation_error")
            self.assertIn("dataset_id", answer.json["error"]["details"])


class Refused(Fetching):
    """As it is unless it is configured otherwise: this machine's own addresses are not public."""

    @classmethod
    def setUpClass(cls):
        cls.start()

    def test_private_addresses(self):
        port = self.site.url.rsplit(":", 1)[1]
        for number, host in enumerate(("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433",
                                       "0x7f.1", "169.254.169.254", "[::1]")):
            self.assert_fails(f"private-{number}", f"http://{host}:{port}/penguins.csv", "not public")
        self.assertEqual(Site.asked, [])



if __name__ == "__main__":
    unittest.main()
