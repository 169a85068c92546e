"""Predictions of many rows at once, on a model that was really built."""

import csv
import gzip
import io
import json
import signal
import tempfile
import time
import unittest

from builds import Builds, Case, read_table, table_rows, wait_for

MOST_ROWS = 10000


class Batch(Case):
    @classmethod
    def setUpClass(cls):
        cls.system = Builds(workers=1).__enter__()
        try:
            dataset = cls.system.upload_table("telco_churn.csv")
            cls.system.wait_for_job(cls.system.build("churn", dataset, "predict churn", max_iterations=1), "COMPLETED")
            cls.rows = [row for row, _ in table_rows("telco_churn.csv", "churn")]
            cls.other = cls.system.make_key("somebody-else")
            cls.reader = cls.system.make_key("tester", "read_only")
        except BaseException:
            cls.system.__exit__()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.system.__exit__()

    def predict(self, body, version="v1.0", **more):
        return self.system.call("POST", f"/models/churn/{version}/predictions", body, **more)

    def infer_all(self, rows):
        """What infer answers for each."""
        answers = [self.system.infer("churn", row) for row in rows]
        return [answer.json["prediction"] for answer in answers]

    def test_an_array_is_answered_by_what_infer_answers_for_each_row_in_order(self):
        rows = self.rows[:150]
        answer = self.predict(rows)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.headers["content-type"], "application/json")
        self.assertEqual(answer.json, [{"prediction": one} for one in self.infer_all(rows)])
        self.assertGreater(len({str(one) for one in answer.json}), 100)

    def test_ten_thousand_rows(self):
        rows = [self.rows[at % len(self.rows)] for at in range(MOST_ROWS)]
        began = time.monotonic()
        answer = self.predict(rows)
        self.assertLess(time.monotonic() - began, 60)
        self.assertEqual((answer.status, len(answer.json or [])), (200, MOST_ROWS))
        self.assertEqual(answer.json[-20:], [{"prediction": one} for one in self.infer_all(rows[-20:])])

    def test_more_rows_than_may_be(self):
        self.assert_error(self.predict([self.rows[0]] * (MOST_ROWS + 1)), 413, "payload_too_large", "10000")

    def test_nothing_in_nothing_out(self):
        answer = self.predict([])
        self.assertEqual((answer.status, answer.json), (200, []))

    def test_warnings_stay_with_their_row(self):
        answer = self.predict([self.rows[0], dict(self.rows[1], no_such_field=1)])
        self.assertEqual(answer.status, 200, answer)
        self.assertNotIn("warnings", answer.json[0])
        self.assertEqual(len(answer.json[1]["warnings"]), 1)
        self.assertIn("no_such_field", answer.json[1]["warnings"][0])

    def test_all_that_is_wrong_is_told_with_its_row(self):
        fields = [name for name, value in self.rows[0].items() if isinstance(value, (int, float))]
        bad = [self.rows[0], dict(self.rows[1], **{fields[0]: "many"}), dict(self.rows[2], **{fields[1]: {}})]
        answer = self.predict(bad)
        self.assert_error(answer, 422, "validation_error")
        self.assertEqual(sorted(answer.json["error"]["details"]),
                         sorted([f"rows[1].{fields[0]}", f"rows[2].{fields[1]}"]))
        answer = self.predict([{}] * 500)
        self.assert_error(answer, 422, "validation_error")
        self.assertLessEqual(len(answer.json["error"]["details"]), 100)

    def test_what_is_no_array_of_objects(self):
        for body in ("", "7", "[7]", "[{}", "[{},]", '[{"a": 1}] x', "[[]]", '[{"a"}]', "[", '["'):
            with self.subTest(body):
                self.assertEqual(self.predict(body.encode(), headers={"Content-Type": "application/json"}).status, 400)

    def test_what_is_not_there(self):
        self.assert_error(self.predict([self.rows[0]], "v9.0"), 404, "not_found")
        self.assert_error(self.predict([self.rows[0]], key=self.other), 404, "not_found")

    def test_reading_is_enough(self):
        self.assertEqual(self.predict(self.rows[:1], key=self.reader).status, 200)

    def test_the_job_at_once_and_its_results_later(self):
        rows = self.rows[:30]
        answer = self.predict(rows, headers={"Prefer": "respond-async"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual((answer.json["status"], answer.json["model_version"]), ("PENDING", "v1.0"))
        job = self.system.wait_for_job(answer.json["job_id"], "COMPLETED")
        self.assertEqual((job["type"], job["pool"], job["progress"]), ("model_predict", "predict", 100))
        self.assertEqual((job["result"]["rows"], job["result"]["failed_rows"]), (30, 0))
        self.assertEqual(job["result"]["results_url"], answer.json["results_url"])
        path = job["result"]["results_url"].removeprefix(self.system.url)
        results = self.system.call("GET", path)
        self.assertEqual((results.status, results.headers["content-type"]), (200, "application/x-ndjson"), results)
        self.assertEqual(int(results.headers["content-length"]), len(results.body))
        self.assertIn(f'-{answer.json["job_id"]}.ndjson"', results.headers["content-disposition"])
        self.assertEqual([json.loads(line) for line in results.body.splitlines()], self.predict(rows).json)
        head = self.system.call("HEAD", path)
        self.assertEqual((head.status, head.body, head.headers["content-length"]),
                         (200, b"", results.headers["content-length"]))
        self.assert_error(self.system.call("GET", path + "?format=csv"), 409, "conflict", "ndjson")
        self.assert_error(self.system.call("GET", path, key=self.other), 404, "not_found")
        self.system.sql(f"update jobs set result = jsonb_set(result::jsonb, '{{expires_at}}', '\"2020-01-01T00:00:00Z\"')"
                        f" where id = '{answer.json['job_id']}'")
        self.assert_error(self.system.call("GET", path), 404, "not_found", "expired")

    def test_other_jobs_have_no_results(self):
        build = self.system.sql("select id from jobs where kind = 'model_build'")
        self.assert_error(self.system.call("GET", f"/jobs/{build}/results"), 409, "conflict")

    def test_a_batch_waits_for_a_worker(self):
        self.system.stop("worker-1")
        try:
            answer = self.predict(self.rows[:5], headers={"Prefer": "respond-async"})
            results = self.system.call("GET", f"/jobs/{answer.json['job_id']}/results")
            self.assert_error(results, 409, "conflict", "PENDING")
        finally:
            self.system.start_worker("worker-1")
        self.system.wait_for_job(answer.json["job_id"], "COMPLETED")
        self.assertEqual(self.system.call("GET", f"/jobs/{answer.json['job_id']}/results").status, 200)


class Table(Case):
    """Batches over the rows of an upload."""

    @classmethod
    def setUpClass(cls):
        Batch.setUpClass.__func__(cls)
        cls.csv = read_table("telco_churn.csv")
        cls.upload = cls.system.upload_table("telco_churn.csv")

    @classmethod
    def tearDownClass(cls):
        cls.system.__exit__()

    def start(self, upload, output_format=None, name="upload_id", **more):
        body = {name: upload}
        if output_format is not None:
            body["output_format"] = output_format
        return self.system.call("POST", "/models/churn/latest/predictions", body, **more)

    def finish(self, answer):
        """The result of a batch that was accepted, as the job and the file's bytes."""
        self.assertEqual(answer.status, 200, answer)
        job = self.system.wait_for_job(answer.json["job_id"], "COMPLETED")
        results = self.system.call("GET", f"/jobs/{answer.json['job_id']}/results")
        self.assertEqual((results.status, len(results.body)), (200, job["result"]["size_bytes"]), results)
        return job, results

    def log(self, job):
        """(level, message) of the lines of a job that has ended: they may come a moment later."""
        path = f"/models/build-logs?limit=1000&job_id={job['job_id']}"
        logs = wait_for(lambda: self.system.call("GET", path).json["logs"],
                        lambda lines: lines and "rows predicted" in lines[-1]["message"])
        return [(line["level"], line["message"]) for line in logs]

    def expected(self, rows):
        answer = self.system.call("POST", "/models/churn/v1.0/predictions", rows)
        self.assertEqual(answer.status, 200, answer)
        return [one["prediction"] for one in answer.json]

    def put(self, filename, data):
        answer = self.system.upload(filename, data)
        self.assertEqual((answer.status, answer.json["status"]), (200, "complete"), answer)
        return answer.json["upload_id"]

    def inspect(self, data):
        """What the program finds in a table."""
        with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
            file.write(data)
            file.flush()
            return json.loads(self.system.run("trainyard-worker", "inspect", file.name))

    def lines(self, results):
        return [json.loads(line) for line in results.body.splitlines()]

    def test_a_csv_predicts_what_infer_predicts(self):
        job, results = self.finish(self.start(self.upload))
        self.assertEqual((job["result"]["rows"], job["result"]["output_format"]), (len(self.rows), "ndjson"))
        found = self.lines(results)
        self.assertEqual(len(found), len(self.rows))
        for row, line in zip(self.rows, found):
            if line["prediction"] is None:  # of a row that has no value for a required field
                self.assertIn("missing", line["error"])
                self.assertEqual(self.system.infer("churn", row).status, 422)
        good = [at for at, line in enumerate(found) if line["prediction"] is not None][:3000]
        self.assertEqual([found[at]["prediction"] for at in good], self.expected([self.rows[at] for at in good]))
        self.assertIn("churn", " ".join(message for level, message in self.log(job) if level == "WARNING"))

    def test_the_same_rows_in_other_forms(self):
        rows = self.rows[:40]
        wanted = self.expected(rows)
        ndjson = "".join(json.dumps(row) + "\n" for row in rows).encode()
        names = list(rows[0])
        tsv = "\t".join(names) + "\n" + "".join(
            "\t".join(str(row.get(name, "")) for name in names) + "\n" for row in rows)
        for filename, data in (("a.ndjson", ndjson), ("a.json", json.dumps(rows).encode()), ("a.tsv", tsv.encode()),
                               ("a.ndjson.gz", gzip.compress(ndjson)), ("a.csv.gz", gzip.compress(tsv.replace("\t", ",").encode()))):
            with self.subTest(filename):
                _, results = self.finish(self.start(self.put(filename, data), name="dataset_id"))
                self.assertEqual([line["prediction"] for line in self.lines(results)], wanted)

    def test_csv_and_parquet_results_have_the_same_values(self):
        rows = self.rows[:500]
        wanted = self.expected(rows)
        names = list(rows[0])
        upload = self.put("a.csv", (",".join(names) + "\n" + "".join(
            ",".join(str(row.get(name, "")) for name in names) + "\n" for row in rows)).encode())
        job, results = self.finish(self.start(upload, "csv"))
        self.assertEqual(results.headers["content-type"], "text/csv; charset=utf-8")
        table = list(csv.DictReader(io.StringIO(results.body.decode())))
        classes = list(wanted[0]["probabilities"])
        found = [(row["churn"], {c: float(row["probability_" + c]) for c in classes}) for row in table]
        self.assertEqual(found, [(str(one["churn"]), one["probabilities"]) for one in wanted])
        self.assertEqual({row["error"] for row in table}, {""})
        _, parquet = self.finish(self.start(upload, "parquet"))
        self.assertEqual(parquet.headers["content-type"], "application/vnd.apache.parquet")
        self.assertEqual((parquet.body[:4], parquet.body[-4:]), (b"PAR1", b"PAR1"))
        seen = self.inspect(parquet.body)
        self.assertEqual([(c["name"], c["type"]) for c in seen["columns"]],
                         [("churn", "string")] + [("probability_" + c, "float") for c in classes] + [("error", "string")])
        self.assertEqual(seen["rows"], 500)
        self.assertEqual([row[0] for row in seen["first_rows"]], [str(one["churn"]) for one in wanted[:10]])
        self.assert_error(self.start("upload_none"), 404, "not_found", "upload_id")

    def test_rows_that_cannot_be_predicted_do_not_stop_the_others(self):
        names = list(self.rows[0])
        number = next(n for n in names if isinstance(self.rows[0][n], (int, float)))
        rows = [dict(self.rows[at]) for at in range(3)]
        rows[1][number] = "many"
        data = ",".join(names) + "\n" + "".join(",".join(str(row.get(n, "")) for n in names) + "\n" for row in rows)
        job, results = self.finish(self.start(self.put("bad.csv", data.encode())))
        self.assertEqual((job["result"]["rows"], job["result"]["failed_rows"]), (3, 1))
        found = self.lines(results)
        self.assertEqual(found[1], {"prediction": None, "error": f"{number}: wrong type: give " + found[1]["error"].split("give ")[1]})
        self.assertEqual([found[0]["prediction"], found[2]["prediction"]], self.expected([rows[0], rows[2]]))
        self.assertTrue([m for level, m in self.log(job) if level == "WARNING" and m.startswith("row 2 gets no prediction")])

    def test_a_required_column_that_is_not_there(self):
        answer = self.start(self.put("none.csv", b"a,b\n1,2\n3,4\n"))
        job = self.system.wait_for_job(answer.json["job_id"], "FAILED")
        self.assertEqual((job["error"]["code"], job["failures"]), ("validation_error", 0))
        self.assertIn("none.csv has no column", job["error"]["message"])
        self.assert_error(self.system.call("GET", f"/jobs/{answer.json['job_id']}/results"), 409, "conflict",
                          "none.csv has no column")

    def test_what_a_request_must_say(self):
        self.assert_error(self.system.call("POST", "/models/churn/latest/predictions", {}), 422, "validation_error")
        self.assert_error(self.start(self.upload, "xlsx"), 422, "validation_error")
        self.assert_error(self.start(self.upload, key=self.other), 404, "not_found")
        self.assert_error(self.system.call("POST", "/models/churn/latest/predictions",
                                           {"upload_id": "a", "dataset_id": "b"}), 422, "validation_error")

    def big(self):
        """An upload whose batch takes some seconds."""
        if not hasattr(Table, "big_upload"):
            head, _, rest = self.csv.partition(b"\n")
            Table.big_upload = self.put("big.csv", head + b"\n" + rest * (400000 // len(self.rows)))
            Table.big_rows = len(self.rows) * (400000 // len(self.rows))
        return Table.big_upload

    def test_a_batch_can_be_cancelled(self):
        answer = self.start(self.big())
        job = answer.json["job_id"]
        wait_for(lambda: self.system.job(job)["progress"], lambda progress: progress > 0)
        self.assertEqual(self.system.call("POST", f"/jobs/{job}/cancel").status, 200)
        self.system.wait_for_job(job, "CANCELLED")
        self.assert_error(self.system.call("GET", f"/jobs/{job}/results"), 409, "conflict", "cancelled")

    def test_a_worker_that_dies_leaves_no_row_out_and_none_twice(self):
        answer = self.start(self.big())
        worker, _ = self.system.wait_for_child("worker-1")
        self.system.start_worker("worker-2")
        try:
            self.system.stop(worker, signal.SIGKILL)
            job, results = self.finish(answer)
        finally:
            self.system.stop("worker-2")
            self.system.start_worker("worker-1")
        self.assertEqual((job["run"], job["result"]["rows"], results.body.count(b"\n")), (2, Table.big_rows, Table.big_rows))
        size = len(results.body) // (400000 // len(self.rows))
        self.assertEqual(results.body[:size], results.body[-size:])


if __name__ == "__main__":
    unittest.main()
