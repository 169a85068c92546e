"""What infer takes and refuses, on models that were really built."""

import csv
import io
import unittest

from wire import build_and_wait, call, table, upload_table


def rows(name, target):
    """The rows of a table as a client would send them, without the target."""
    for row in csv.DictReader(io.StringIO(table(name).decode())):
        row.pop(target)
        yield {field: number(text) for field, text in row.items() if text != ""}


def number(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


class Churn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dataset = upload_table("telco_churn.csv")
        cls.model = build_and_wait("churn", cls.dataset, intent="predict churn")
        cls.row = next(rows("telco_churn.csv", "churn"))

    def infer(self, body, version="v1.0", headers=None):
        return call("POST", f"/models/{self.model}/{version}/infer", body, headers)

    def changed(self, **fields):
        return {k: v for k, v in dict(self.row, **fields).items() if v is not ...}

    def test_the_answer(self):
        answer = self.infer(self.row)
        self.assertEqual(answer.status, 200, answer)
        body = answer.json
        self.assertRegex(body["request_id"], "^req_")
        self.assertIn(body["result"]["churn"], ("Yes", "No"))
        self.assertAlmostEqual(sum(body["result"]["probabilities"].values()), 1, places=9)
        self.assertEqual(body["prediction"], body["result"])
        self.assertEqual(body["model_name"], self.model)
        self.assertEqual(body["model_version"], "v1.0")
        self.assertEqual(body["model_id"], self.model + ":v1.0")
        self.assertRegex(body["created_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertGreaterEqual(body["processing_time_ms"], 0)
        self.assertNotIn("warnings", body)

    def test_every_word_for_the_version(self):
        expected = self.infer(self.row).json["result"]
        for word in ("1", "latest"):
            self.assertEqual(self.infer(self.row, word).json["result"], expected)

    def test_missing_and_wrong_fields_are_all_named(self):
        answer = self.infer(self.changed(tenure=..., contract=None, monthly_charges=[1], partner={}))
        self.assertEqual(answer.status, 422, answer)
        self.assertEqual(answer.json["error"]["code"], "validation_error")
        details = answer.json["error"]["details"]
        self.assertEqual(set(details), {"tenure", "contract", "monthly_charges", "partner"})
        self.assertIn("missing", details["tenure"])
        self.assertIn("wrong type", details["monthly_charges"])

    def test_a_text_that_is_no_number(self):
        answer = self.infer(self.changed(tenure="long"))
        self.assertEqual(answer.status, 422, answer)
        self.assertEqual(list(answer.json["error"]["details"]), ["tenure"])

    def test_what_is_bent_to_fit_is_said(self):
        answer = self.infer(self.changed(tenure="1", contract="Hourly", colour="red", churn="No"))
        self.assertEqual(answer.status, 200, answer)
        for field in ("tenure", "contract", "colour", "churn"):
            self.assertTrue(any(w.startswith(field + ": ") for w in answer.json["warnings"]), answer)
        self.assertEqual(len(answer.json["warnings"]), 4)

    def test_a_number_in_a_text_means_the_same(self):
        plain = self.infer(self.row).json["result"]
        texts = {k: str(v) if isinstance(v, (int, float)) else v for k, v in self.row.items()}
        self.assertEqual(self.infer(texts).json["result"], plain)

    def test_an_optional_field_may_be_missing(self):
        # 11 customers of the table have no total_charges
        for fields in ({"total_charges": ...}, {"total_charges": None}):
            self.assertEqual(self.infer(self.changed(**fields)).status, 200)

    def test_bodies_that_are_no_row(self):
        json_type = {"Content-Type": "application/json"}
        for body in ("", "{", "[]", "3", "null", '{"tenure":1,"tenure":2}', "[" * 1000, b'{"a":"\xff"}'):
            answer = self.infer(body, headers=json_type)
            self.assertEqual(answer.status, 400, (body, answer))
            self.assertEqual(answer.json["error"]["code"], "invalid_request")

    def test_unknown_models_and_versions(self):
        self.assertEqual(self.infer(self.row, "v9.0").status, 404)
        self.assertEqual(self.infer(self.row, "newest").status, 404)
        answer = call("POST", "/models/no-such-model/v1.0/infer", self.row)
        self.assertEqual(answer.status, 404, answer)
        self.assertIn("no-such-model", answer.json["error"]["message"])

    def test_no_key(self):
        self.assertEqual(self.infer(self.row, headers={"Authorization": ""}).status, 401)

    def test_ten_in_a_row_are_served(self):
        for row, _ in zip(rows("telco_churn.csv", "churn"), range(10)):
            self.assertEqual(self.infer(row).status, 200)

    def test_an_output_schema_asks_for_the_probability(self):
        model = build_and_wait(
            "probability",
            self.dataset,
            intent="predict churn",
            output_schema={"churn_probability": "float"},
        )
        answer = call("POST", f"/models/{model}/v1.0/infer", self.row)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(list(answer.json["result"]), ["churn_probability"])
        self.assertTrue(0 <= answer.json["result"]["churn_probability"] <= 1)


class OtherTasks(unittest.TestCase):
    def test_several_classes(self):
        model = build_and_wait("penguins", upload_table("penguins.csv"), intent="predict the species")
        answer = call(
            "POST", f"/models/{model}/latest/infer", next(rows("penguins.csv", "species"))
        )
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json["result"]["species"], "Adelie")
        self.assertEqual(len(answer.json["result"]["probabilities"]), 3)

    def test_a_number(self):
        model = build_and_wait(
            "bikes", upload_table("bike_rentals.csv"), intent="predict how many bikers there are"
        )
        answer = call(
            "POST", f"/models/{model}/latest/infer", next(rows("bike_rentals.csv", "bikers"))
        )
        self.assertEqual(answer.status, 200, answer)
        self.assertIsInstance(answer.json["result"]["bikers"], (int, float))
        self.assertNotIn("probabilities", answer.json["result"])


if __name__ == "__main__":
    unittest.main()
