"""Requests that are sent again under an Idempotency-Key."""

import concurrent.futures
import csv
import http.client
import io
import json
import signal
import threading
import unittest

from support import System, free_port, read_table, wait_for

CHURN = {"intent": "predict which customers churn", "max_iterations": 1}


def post_many(system, count, path, body, key, ports=None):
    """The answers to count equal POSTs that are sent at once; None where the connection broke."""
    start = threading.Barrier(count)

    def post(at):
        start.wait()
        port = ports[at % len(ports)] if ports else None
        try:
            return system.call("POST", path, body, {"Idempotency-Key": key}, port=port)
        except (OSError, http.client.HTTPException):
            return None

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(post, range(count)))


class Idempotency(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = cls.enterClassContext(System(workers=1, MAX_CONNECTIONS=2000))
        cls.dataset = cls.system.upload_table("telco_churn.csv")

    def create(self, model, key, **more):
        return self.system.call(
            "POST", f"/models/{model}", dict(CHURN, dataset_id=self.dataset, **more), {"Idempotency-Key": key}
        )

    def jobs_of(self, name):
        return int(self.system.sql(f"select count(*) from jobs where model_name = '{name}'"))

    def test_the_same_request_gets_the_first_answer(self):
        first = self.create("again", "again-1")
        self.assertEqual(first.status, 200, first)
        self.assertNotIn("idempotency-replayed", first.headers)
        second = self.create("again", "again-1")
        self.assertEqual((second.status, second.body), (200, first.body))
        self.assertEqual(second.headers["idempotency-replayed"], "true")
        self.assertEqual(self.jobs_of("again"), 1)
        without = self.system.call("POST", "/models/again", dict(CHURN, dataset_id=self.dataset))
        self.assertEqual(without.status, 409)

    def test_another_body_or_path_under_the_key_is_a_conflict(self):
        self.assertEqual(self.create("body-a", "body-1").status, 200)
        for answer in (self.create("body-a", "body-1", name="Other"), self.create("body-b", "body-1")):
            self.assertEqual(answer.status, 409, answer)
            self.assertIn("another request", answer.json["error"]["message"])
        self.assertEqual(self.jobs_of("body-b"), 0)

    def test_another_query_or_dialect_under_the_key_is_a_conflict(self):
        body = dict(CHURN, dataset_id=self.dataset)
        first = self.system.call("POST", "/models/query", body, {"Idempotency-Key": "query-1"})
        self.assertEqual(first.status, 200, first)
        for path in ("/models/query?a=1", "/v0/models/query"):
            answer = self.system.call("POST", path, body, {"Idempotency-Key": "query-1"})
            self.assertEqual(answer.status, 409, answer)
            self.assertIn("another request", answer.json["error"]["message"])
        again = self.system.call("POST", "/v1/models/query", body, {"Idempotency-Key": "query-1"})
        self.assertEqual(again.body, first.body)

    def test_keys_belong_to_their_account(self):
        self.assertEqual(self.create("mine", "shared-key").status, 200)
        other = self.system.make_key("somebody else")
        answer = self.system.call(
            "POST", "/models/mine", dict(CHURN, dataset_id=self.dataset), {"Idempotency-Key": "shared-key"}, key=other
        )
        self.assertEqual(answer.status, 404, answer)  # not the answer of the other account

    def test_what_failed_may_be_tried_again(self):
        bad = self.system.call(
            "POST", "/models/mended", dict(CHURN, dataset_id="ds_none"), {"Idempotency-Key": "mended-1"}
        )
        self.assertEqual(bad.status, 404)
        self.assertEqual(self.create("mended", "mended-1").status, 200)

    def test_a_key_must_be_one(self):
        for key in ("", "two words", "k" * 256, "t\u00e4st"):
            answer = self.system.call(
                "POST",
                "/models/no-key",
                json.dumps(dict(CHURN, dataset_id=self.dataset)),
                {"Idempotency-Key": key.encode("latin-1"), "Content-Type": "application/json"},
            )
            self.assertEqual(answer.status, 400, key)
            self.assertIn("Idempotency-Key", answer.json["error"]["message"])

    def test_a_thousand_at_once_make_one_job(self):
        body = dict(CHURN, dataset_id=self.dataset)
        answers = post_many(self.system, 1000, "/models/thousand", body, "thousand")
        self.assertNotIn(None, answers)
        self.assertEqual({answer.status for answer in answers}, {200}, answers[:3])
        self.assertEqual(len({answer.body for answer in answers}), 1)
        self.assertEqual(self.jobs_of("thousand"), 1)
        self.assertEqual(sum("idempotency-replayed" not in answer.headers for answer in answers), 1)

    def test_uploads_are_made_once(self):
        data = b"a,b\n1,2\n3,4\n"

        def upload(content):
            body = b'--line\r\nContent-Disposition: form-data; name="files"; filename="t.csv"\r\n\r\n'
            body += content + b"\r\n--line--\r\n"
            kind = {"Content-Type": "multipart/form-data; boundary=line", "Idempotency-Key": "upload-1"}
            return self.system.call("POST", "/uploads", body, kind)

        first = upload(data)
        self.assertEqual(first.status, 200, first)
        self.assertEqual(upload(data).body, first.body)
        self.assertEqual(upload(data + b"5,6\n").status, 409)

    def test_predictions_are_answered_as_before(self):
        self.create("served", "served-1")
        job = self.system.call("GET", "/models/served/latest/status").json["job_id"]
        wait_for(lambda: self.system.call("GET", f"/jobs/{job}").json["status"], lambda s: s == "COMPLETED")
        table = io.StringIO(read_table("telco_churn.csv").decode())
        row = next(csv.DictReader(table))
        for port in (self.system.port, self.system.predict_port):
            headers = {"Idempotency-Key": f"infer-{port}"}
            answers = [
                self.system.call("POST", "/models/served/latest/infer", row, headers, port=port) for _ in range(2)
            ]
            self.assertEqual((answers[0].status, answers[0].body), (200, answers[1].body))
        for prefer, key in ((None, "batch-1"), ("respond-async", "batch-2")):
            headers = {"Idempotency-Key": key, **({"Prefer": prefer} if prefer else {})}
            answers = [
                self.system.call("POST", "/models/served/v1.0/predictions", [row] * 3, headers) for _ in range(2)
            ]
            self.assertEqual(answers[0].status, answers[1].status, answers)
            self.assertEqual(answers[0].body, answers[1].body)
        batches = self.system.sql("select count(*) from jobs where kind = 'model_predict' and model_name = 'served'")
        self.assertEqual(int(batches), 2)


class Crashes(unittest.TestCase):
    """An API that is killed leaves both effect and answer, or neither."""

    def test_two_processes_and_a_kill(self):
        with System(workers=1, MAX_CONNECTIONS=2000) as system:
            dataset = system.upload_table("penguins.csv")
            port, predict_port, upload_port = (free_port() for _ in range(3))
            system.start(
                "api-2", "trainyard-api", PORT=port, PREDICT_PORT=predict_port, UPLOAD_PORT=upload_port
            )
            ports = [system.port, port]
            wait_for(lambda: self.ready(system, port), bool)
            for at in range(6):
                body = dict(intent="predict the species", dataset_id=dataset, max_iterations=1)
                killer = None
                if at >= 2:  # somewhere in the middle of the requests
                    killer = threading.Timer(0.004 * at, system.processes["api-2"].kill)
                    killer.start()
                post_many(system, 100, f"/models/crash-{at}", body, f"crash-{at}", ports)
                if killer is not None:
                    killer.join()
                    system.stop("api-2", signal.SIGKILL)
                    system.start(
                        "api-2", "trainyard-api", PORT=port, PREDICT_PORT=predict_port, UPLOAD_PORT=upload_port
                    )
                    wait_for(lambda: self.ready(system, port), bool)
                answers = post_many(system, 10, f"/models/crash-{at}", body, f"crash-{at}", ports)
                self.assertEqual({answer.status for answer in answers}, {200}, answers)
                self.assertEqual(len({answer.body for answer in answers}), 1)
                self.assertEqual(system.sql(f"select count(*) from jobs where model_name = 'crash-{at}'"), "1")

    @staticmethod
    def ready(system, port):
        try:
            return system.call("GET", "/readyz", port=port).status == 200
        except OSError:
            return False


if __name__ == "__main__":
    unittest.main()
