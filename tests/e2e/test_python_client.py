"""What the public Python client of the platform sends and reads, over TLS, under /v0.

Its calls are those of its releases 0.1 and 0.2: x-api-key alone, multipart with the field files,
/create with goal and eval, every answer raised for its status and then read as one JSON object.
"""

import json
import ssl
import unittest
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from builds import table_rows
from support import TlsSystem, multipart, read_table, wait_for


class Client:
    """One client's way of asking: urllib instead of its own library."""

    def __init__(self, base_url, key, trust):
        if not base_url.startswith("https://"):
            raise ValueError("base_url must start with https://")
        self.base_url, self.key = base_url, key
        https = urllib.request.HTTPSHandler(context=trust)
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), https)

    def ask(self, method, path, body=None, kind=None):
        """An answer's JSON; urllib raises for every status that is no success."""
        request = urllib.request.Request(self.base_url + path, body, {"x-api-key": self.key}, method=method)
        if kind is not None:
            request.add_header("Content-Type", kind)
        with self.opener.open(request, timeout=120) as response:
            return json.loads(response.read())

    def send(self, path, value):
        return self.ask("POST", path, json.dumps(value).encode(), "application/json")

    def upload_files(self, files):
        body, kind = multipart([("files", name, data) for name, data in files])
        return self.ask("POST", "/uploads", body, kind)["upload_id"]

    def build(self, name, upload_id, goal, metric=None):
        asked = {"upload_id": upload_id, "goal": goal, "eval": metric}
        return self.send(f"/models/{name}/create", asked)["model_version"]

    def get_status(self, name, version):
        return self.ask("GET", f"/models/{name}/{version}/status")

    def infer(self, name, version, row):
        return self.send(f"/models/{name}/{version}/infer", row)

    def batch_infer(self, name, version, rows):
        with ThreadPoolExecutor(len(rows)) as pool:
            return list(pool.map(lambda row: self.infer(name, version, row), rows))


class PythonClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = TlsSystem(workers=1)
        cls.system.__enter__()
        cls.addClassCleanup(cls.system.__exit__)
        cls.client = Client(f"{cls.system.url}/v0", cls.system.key, cls.system.trust)

    def wait(self, name, version):
        words = set()

        def status():
            told = self.client.get_status(name, version)
            words.add(told["status"])
            return told

        told = wait_for(status, lambda now: now["status"] in ("completed", "failed"), 300)
        self.assertLessEqual(words, {"pending", "processing", "building", "running", "completed", "failed"})
        return told

    def test_from_files_to_predictions(self):
        upload = self.client.upload_files([("penguins.csv", read_table("penguins.csv"))])
        self.assertIsInstance(upload, str)
        version = self.client.build("penguins", upload, "predict the species of a penguin")
        self.assertIsInstance(version, str)
        told = self.wait("penguins", version)
        self.assertEqual((told["status"], told["error"]), ("completed", None), told)
        self.assertEqual(told["result"]["metric_value"], told["result"]["valid_metric"])
        self.assertIsInstance(told["result"]["metric_value"], float)
        rows = [row for row, _ in table_rows("penguins.csv", "species")][::10]
        one = self.client.infer("penguins", version, rows[0])
        self.assertIn("species", one["prediction"])
        self.assertEqual(one["prediction"], one["result"])
        answers = self.client.batch_infer("penguins", version, rows)
        again = [self.client.infer("penguins", version, row) for row in rows]
        self.assertEqual([a["prediction"] for a in answers], [a["prediction"] for a in again])

    def test_a_build_that_fails_says_why(self):
        upload = self.client.upload_files([("same.csv", b"a,y\n" + b"1,2\n" * 40)])
        version = self.client.build("constant", upload, "predict y")
        told = self.wait("constant", version)
        self.assertEqual((told["status"], told["result"]), ("failed", None), told)
        self.assertIsInstance(told["error"], str)

    def test_errors_are_raised(self):
        for status, ask in (
            (404, lambda: self.client.get_status("none", "v1.0")),
            (404, lambda: self.client.build("none", "upload_none", "predict y")),
            (401, lambda: Client(self.client.base_url, "wrong", self.system.trust).get_status("a", "1")),
        ):
            with self.assertRaises(urllib.error.HTTPError) as raised:
                ask()
            with raised.exception as answer:
                self.assertEqual(answer.code, status)
                self.assertIsInstance(json.loads(answer.read())["detail"], str)

    def test_it_trusts_no_other_certificate(self):
        stranger = Client(self.client.base_url, self.system.key, ssl.create_default_context())
        with self.assertRaisesRegex(urllib.error.URLError, "CERTIFICATE_VERIFY_FAILED"):
            stranger.get_status("a", "1")


if __name__ == "__main__":
    unittest.main()
