"""Models are trained again, on the same data and on new data, over HTTP."""

import csv
import io
import json
import unittest

from builds import Builds, Case, read_table

system = None


def setUpModule():
    global system
    system = Builds(workers=1).__enter__()


def tearDownModule():
    system.__exit__()


def changed_table(name, change):
    """A table of tests/data, each row (a dict) passed through change."""
    rows = [change(dict(row)) for row in csv.DictReader(io.StringIO(read_table(name).decode()))]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


class Retrain(Case):
    @classmethod
    def setUpClass(cls):
        cls.system = system
        cls.dataset = system.put_table("penguins.csv", read_table("penguins.csv")).json["upload_id"]
        job = system.build("penguins", cls.dataset, "Tell the species of a penguin", max_iterations=2)
        system.wait_for_job(job, "COMPLETED")

    def put(self, name, change):
        return system.put_table(name, changed_table("penguins.csv", change)).json["upload_id"]

    def retrain(self, body=None, model="penguins"):
        answer = system.call("POST", f"/models/{model}/retrain", body)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def lines(self, job):
        page = system.call("GET", f"/models/build-logs?limit=1000&job_id={job}").json
        return [(line["level"], line["message"]) for line in page["logs"]]

    def describe(self, version, model="penguins"):
        answer = system.call("GET", f"/models/{model}/{version}/describe")
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def assert_fails(self, body, *words):
        made = self.retrain(body)
        told = system.wait_for_job(made["job_id"], "FAILED")
        self.assertEqual((told["error"]["code"], told["run"], told["failures"]), ("validation_error", 1, 0))
        for word in words:
            self.assertIn(word, told["error"]["message"])
        status = system.call("GET", f"/models/penguins/{made['new_version']}/status").json
        self.assertEqual((status["status"], status["error_message"]), ("ERROR", told["error"]["message"]))
        model = system.call("GET", "/models/penguins").json
        self.assertEqual(model["status"], "READY")  # what was there goes on answering
        self.assertNotEqual(model["model_version"], made["new_version"])

    def test_nothing_given_trains_on_the_same(self):
        job = system.build("again", self.dataset, "Tell the species of a penguin", max_iterations=2)
        system.wait_for_job(job, "COMPLETED")
        first = self.describe("v1.0", "again")
        for body in (None, {}):
            made = self.retrain(body, "again")
            self.assertEqual((made["status"], made["model_name"]), ("PENDING", "again"))
            self.assertRegex(made["new_version"], r"^v\d+\.0$")
            self.assertEqual(made["model_id"], "again:" + made["new_version"])
            self.assertRegex(made["created_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
            told = system.wait_for_job(made["job_id"], "COMPLETED")
            self.assertEqual((told["type"], told["pool"]), ("model_retrain", "retrain"))
            again = self.describe(made["new_version"], "again")
            self.assertEqual(again["input_schema"], first["input_schema"])
            self.assertEqual(again["performance_metrics"], first["performance_metrics"])
            self.assertEqual((again["target"], again["metric"]), (first["target"], first["metric"]))
            self.assertEqual(again["retrain"]["ignored_columns"], [])
            self.assertAlmostEqual(sum(again["training_info"]["feature_importance"].values()), 1, 9)
            self.assertEqual(system.call("GET", "/models/again").json["model_version"], made["new_version"])
            listed = system.call("GET", "/models/again/versions").json["versions"][0]
            self.assertEqual((listed["version_id"], listed["kind"]), (made["version_id"], "retrain"))

    def test_new_data_and_wishes_are_honoured(self):
        more = self.put("more.csv", lambda row: dict(row, note="x"))
        made = self.retrain({"upload_id": more, "goal": "Tell the species, as surely as can be",
                             "metric": "accuracy", "max_iterations": 1})
        system.wait_for_job(made["job_id"], "COMPLETED")
        told = self.describe(made["new_version"])
        self.assertEqual((told["metric"], told["training_info"]["candidates"]), ("accuracy", 1))
        self.assertEqual(told["retrain"]["ignored_columns"], ["note"])
        self.assertEqual(told["retrain"]["goal"], "Tell the species, as surely as can be")
        self.assertNotIn("note", told["input_schema"])
        version = system.call("GET", f"/models/penguins/{made['new_version']}").json
        self.assertEqual((version["intent"], version["dataset_id"]), (told["retrain"]["goal"], more))
        lines = self.lines(made["job_id"])
        self.assertIn("WARNING", [level for level, message in lines if "column note is new" in message])
        said = " ".join(message for _, message in lines)
        for words in ("as surely as can be", "metric asked for: accuracy", "candidates asked for: 1 at most"):
            self.assertIn(words, said)
        row = {"island": "Torgersen", "bill_length_mm": 39.1, "bill_depth_mm": 18.7, "flipper_length_mm": 181,
               "body_mass_g": 3750, "sex": "male", "year": 2007}
        answer = system.infer("penguins", row)
        self.assertEqual((answer.status, answer.json["result"]["species"]), (200, "Adelie"))

    def test_what_the_data_lacks_is_named(self):
        def without(*names):
            return self.put("less.csv", lambda row: {name: row[name] for name in row if name not in names})

        self.assert_fails({"dataset_id": without("bill_length_mm", "sex")}, "bill_length_mm, sex", "add them")
        self.assert_fails({"upload_id": without("species")}, "species", "predicts")

    def test_types_that_changed_are_named(self):
        other = self.put("types.csv", lambda row: dict(row, body_mass_g="heavy"))
        self.assert_fails({"upload_id": other}, "body_mass_g (string, was ")

    def test_what_cannot_be_asked_for(self):
        for body, status, code, word in (
            ({"upload_id": "upload_0"}, 404, "not_found", "upload_id"),
            ({"dataset_id": "upload_0"}, 404, "not_found", "dataset_id"),
            ({"metrc": "accuracy"}, 422, "validation_error", "did you mean metric?"),
            ({"input_schema": {"a": "float"}}, 422, "validation_error", "input_schema"),
            ({"max_iterations": 0}, 422, "validation_error", "max_iterations"),
            ({"goal": ""}, 422, "validation_error", "goal"),
            ([], 422, "validation_error", "object"),
        ):
            self.assert_error(system.call("POST", "/models/penguins/retrain", body), status, code, word)
        self.assert_error(system.call("POST", "/models/nobody/retrain"), 404, "not_found", "nobody")
        self.assert_error(system.call("POST", "/models/penguins/retrain", "{"), 400, "invalid_request")

    def test_the_message_is_whole(self):
        made = self.retrain()
        message = json.loads(system.sql(f"select message from jobs where id = '{made['job_id']}'"))
        self.assertEqual(message["base"]["target"], "species")
        self.assertIn("bill_length_mm", message["base"]["input_schema"])
        self.assertEqual(len(message["dataset"]["files"][0]["digest"]), 64)
        wait = system.wait_for_job(made["job_id"], "COMPLETED")
        self.assertEqual(wait["result"]["model_version"], made["new_version"])

    def test_a_model_that_was_never_ready_is_built_as_it_was_asked_for(self):
        job = system.build("unclear", self.dataset, "predict the phase of the moon")
        told = system.wait_for_job(job, "FAILED")
        model = system.call("GET", "/models/unclear").json
        self.assertEqual((model["status"], model["error"]), ("ERROR", told["error"]["message"]))
        self.assertEqual(model["error_message"], model["error"])
        made = self.retrain({"goal": "predict the species", "max_iterations": 1}, "unclear")
        self.assertEqual((made["new_version"], made["model_version"]), ("v2.0", "v1.0"))
        system.wait_for_job(made["job_id"], "COMPLETED")
        model = system.call("GET", "/models/unclear").json
        self.assertEqual((model["model_version"], model["status"], model["error"]), ("v2.0", "READY", None))


if __name__ == "__main__":
    unittest.main()
