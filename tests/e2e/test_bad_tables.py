"""Tables and requests that no model can be made of: each is told what to do, and nothing is left."""

import unittest

from builds import Builds, Case, read_table, table_rows

TEN_THOUSAND = ",".join(f"c{number}" for number in range(10000)), ",".join("1" for _ in range(10000))

# Refused when they come in; what the message has to say.
REFUSED = {
    "empty": (b"", "is empty", "send a table with a header line and rows"),
    "header-only": (b"a,b\n", "no rows", "send the data too"),
    "one-column": (b"a\n" + b"1\n" * 100, "one column, a", "at least one other column"),
    "ragged": (b"a,b\n1,2\n" * 30 + b"1,2,3\n", "line 61", "has 3 fields, the header has 2", "mend the line"),
    "binary": (bytes(range(256)) * 64, "is binary", "send CSV (UTF-8)"),
    "picture": (b"\x89PNG\r\n\x1a\n" + bytes(1000), "is a picture", "send CSV (UTF-8)"),
    "ten-thousand": ("\n".join(TEN_THOUSAND).encode(), "has 10000 columns", "2000 are the limit", "leave out"),
    "same-names": (b"a,a,b\n" + b"1,2,3\n" * 30, "two columns are named a", "a name of its own"),
    "open-quote": (b'a,b\n"1,2\n' + b"3,4\n" * 30, "opens on line 2 is never closed", "close it"),
}

# Accepted, and found out by the build: the table, the request, what the message has to say.
CHURN = "telco_churn.csv"
FAILED = {
    "another-subject": (CHURN, {"intent": "Forecast the weather of next week"},
                        "which column to predict", "name it as the field of output_schema", "churn"),
    "no-such-output": (CHURN, {"intent": "Tell me something", "output_schema": {"temperature": "float"}},
                       "which column to predict", "name it as the field of output_schema", "churn"),
    "no-such-target": (CHURN, {"intent": "predict churn", "target": "churned_at"},
                       "no column is named churned_at", "the nearest is churn"),
    "no-such-input": (CHURN, {"intent": "predict churn", "input_schema": {"tenur": "integer"}},
                      "no column is named tenur", "the nearest is tenure"),
    "two-outputs": (CHURN, {"intent": "predict churn", "output_schema": {"churn": "string", "tenure": "float"}},
                    "two columns, churn and tenure", "leave one out"),
    "metric": (CHURN, {"intent": "predict churn", "metric": "rmse"}, "rmse does not fit", "choose roc_auc"),
    "few-rows": (b"a,y\n1,2\n2,3\n", {"intent": "predict y"}, "the table has 2 rows", "at least 20"),
    "constant": (b"a,y\n" + b"1,1\n2,1\n" * 50, {"intent": "predict y"}, "the same value in every row", "send rows"),
    "no-target-value": (b"a,b,y\n" + b"1,5,\n2,6,\n" * 50, {"intent": "predict y"}, "has no value in any row"),
}


class BadTables(Case):
    @classmethod
    def setUpClass(cls):
        cls.system = cls.enterClassContext(Builds(workers=1))
        cls.churn = cls.system.upload_table(CHURN)

    def dataset(self, table):
        if isinstance(table, str):
            return self.churn
        answer = self.system.upload("table.csv", table)
        self.assertEqual(answer.status, 200, answer)
        return answer.json["upload_id"]

    def test_what_is_no_table_is_refused_when_it_comes_in(self):
        for name, (data, *words) in REFUSED.items():
            for bring in (self.system.upload, self.system.put_table):
                with self.subTest(name, way=bring.__name__):
                    self.assert_error(bring(name + ".csv", data), 422, "validation_error", *words)
                    upload = self.system.call("GET", "/uploads?limit=1").json["uploads"][0]
                    self.assertEqual(upload["status"], "failed")
                    self.assertIn(words[0], upload["error"])
                    body = {"intent": "predict b", "dataset_id": upload["upload_id"]}
                    answer = self.system.call("POST", "/models/of-" + name, body)
                    self.assertIn(answer.status, (409, 422), answer)
                    self.assertIn("upload", answer.json["error"]["message"])
                    self.assertEqual(self.system.call("GET", "/models/of-" + name).status, 404)

    def test_what_no_model_can_be_made_of_fails_with_its_reason(self):
        jobs = {}
        for name, (table, body, *_) in FAILED.items():
            jobs[name] = self.system.build(name, self.dataset(table), **body)
        row, _ = next(table_rows(CHURN, "churn"))
        for name, (_, _, *words) in FAILED.items():
            with self.subTest(name):
                job = self.system.wait_for_job(jobs[name], "FAILED")
                reason = job["error"]["message"]
                self.assertEqual((job["error"]["code"], job["result"]), ("validation_error", None))
                self.assertEqual((job["run"], job["failures"]), (1, 0))  # not tried again
                for word in words:
                    self.assertIn(word, reason)
                status = self.system.version(name)
                self.assertEqual((status["status"], status["error_code"]), ("ERROR", "validation_error"))
                self.assertEqual((status["error"], status["error_message"]), (reason, reason))
                self.assertLess(status["build_progress"], 100)
                self.assertEqual(self.system.version(name, "describe")["error"], reason)
                lines = self.assert_whole_log(list(self.system.follow(jobs[name])), "FAILED")
                self.assertEqual((lines[-1]["level"], lines[-1]["message"]), ("ERROR", reason))
                answer = self.system.infer(name, row)
                self.assert_error(answer, 409, "conflict", f"/models/{name}/v1.0/status")

        # Nothing half made is left, and good work goes on.
        self.assertEqual(self.system.call("GET", "/models?status=READY").json["models"], [])
        self.assertEqual(self.system.call("GET", "/models?status=BUILDING").json["models"], [])
        self.assertEqual(self.system.sql(
            "select count(*) from versions where status <> 'READY' and artifact_digest is not null"), "0")
        penguins = self.dataset(read_table("penguins.csv"))
        job = self.system.build("good", penguins, "predict the species", max_iterations=1)
        self.system.wait_for_job(job, "COMPLETED")
        self.assertEqual([m["model_name"] for m in self.system.call("GET", "/models?status=READY").json["models"]],
                         ["good"])

    def test_an_output_named_as_no_column_is_warned_of(self):
        key = self.system.make_key("warned")
        dataset = self.system.put_table(CHURN, read_table(CHURN), key).json["upload_id"]
        job = self.system.build("renamed", dataset, "predict churn", key, max_iterations=1,
                                output_schema={"temperature": "float"})
        self.system.wait_for_job(job, "COMPLETED", key=key)
        warnings = self.system.version("renamed", "describe", key)["warnings"]
        self.assertTrue(any("temperature" in w and "predicted of churn" in w for w in warnings), warnings)

    def test_an_unknown_dataset_is_refused(self):
        for dataset in ("upload_" + "0" * 20, "x", "'; drop table uploads; --"):
            answer = self.system.call("POST", "/models/lost", {"intent": "predict y", "dataset_id": dataset})
            self.assert_error(answer, 404, "not_found", "upload a table by POST /uploads")
        self.assertEqual(self.system.call("GET", "/models/lost").status, 404)

    def test_the_programs_are_still_there(self):
        self.assertEqual(self.system.send("GET", "/readyz").status, 200)
        for name, process in self.system.processes.items():
            self.assertIsNone(process.poll(), name)


if __name__ == "__main__":
    unittest.main()
