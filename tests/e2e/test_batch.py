"""Predictions of many rows at once, on a model that was really built."""

import json
import time
import unittest

from builds import Builds, Case, table_rows

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


if __name__ == "__main__":
    unittest.main()
