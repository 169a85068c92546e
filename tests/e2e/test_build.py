"""The main job over HTTP: tables and sentences in, models and predictions out."""

import statistics
import threading
import unittest

from builds import Builds, Case, big_table, process_is_alive, read_table, table_rows, wait_for

system = None

# What is built: the table's name, the sentence, the target, the least that is measured.
MODELS = {
    "churn": ("telco_churn.csv", "Predict which customers will leave", "churn", ("roc_auc", 0.82)),
    "penguins": ("penguins.csv", "Tell the species of a penguin", "species", ("accuracy", 0.95)),
    "bikes": ("bike_rentals.csv", "Forecast how many bikers there are in an hour", "bikers", ("r2", 0.6)),
}


def setUpModule():
    global system
    # More slots than an account's limit of two builds: what waits, waits for its account.
    system = Builds(workers=1, SLOTS=4).__enter__()


def tearDownModule():
    system.__exit__()


class MainJob(Case):
    @classmethod
    def setUpClass(cls):
        cls.system = system
        cls.datasets = {
            "churn": system.put_table("telco_churn.csv", read_table("telco_churn.csv")).json["upload_id"],
            "penguins": system.upload_table("penguins.csv"),
            "bikes": system.upload_table("bike_rentals.csv"),
        }
        cls.jobs = {name: system.build(name, cls.datasets[name], MODELS[name][1]) for name in MODELS}
        cls.logs = {}
        readers = [threading.Thread(target=cls.listen, args=(name,)) for name in MODELS]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()

    @classmethod
    def listen(cls, name):
        cls.logs[name] = list(system.follow(cls.jobs[name]))

    def test_the_logs_have_every_line_once_and_end(self):
        for name, job in self.jobs.items():
            with self.subTest(name):
                lines = self.assert_whole_log(self.logs[name], "COMPLETED")
                said = " ".join(line["message"] for line in lines)
                for words in (MODELS[name][1], f"predicting {MODELS[name][2]}", "model is ready"):
                    self.assertIn(words, said)
                told = [line["progress"] for line in lines if line["progress"] is not None]
                self.assertEqual(told, sorted(told))
                self.assertEqual(told[-1], 100)
                page = system.call("GET", f"/models/build-logs?limit=1000&job_id={job}").json
                self.assertEqual(page["logs"], lines)

    def test_the_models_are_ready(self):
        for name, job in self.jobs.items():
            with self.subTest(name):
                status = system.version(name)
                self.assertEqual((status["status"], status["build_progress"]), ("READY", 100))
                self.assertEqual((status["job_id"], status["error"]), (job, None))
                told = system.job(job)
                self.assertEqual((told["status"], told["progress"]), ("COMPLETED", 100))
                self.assertEqual((told["run"], told["failures"], told["error"]), (1, 0, None))
                self.assertEqual(told["progress_details"]["current_stage"], "done")
                model = system.call("GET", "/models/" + name).json
                self.assertEqual((model["status"], model["metrics"]), ("READY", told["result"]["metrics"]))

    def test_the_models_are_good_and_described(self):
        for name, (_, intent, target, (metric, least)) in MODELS.items():
            with self.subTest(name):
                told = system.version(name, "describe")
                self.assertGreaterEqual(told["performance_metrics"][metric], least)
                self.assertLessEqual(told["performance_metrics"][metric], 1)
                self.assertEqual(told["target"], target)
                self.assertEqual(list(told["output_schema"])[:1], [target])
                self.assertNotIn(target, told["input_schema"])
                rows = sum(1 for _ in table_rows(MODELS[name][0], target))
                self.assertEqual(told["training_info"]["dataset_size"], rows)
                self.assertIn("LightGBM", told["training_info"]["algorithm"])
                weights = told["training_info"]["feature_importance"]
                self.assertLessEqual(set(weights), set(told["input_schema"]))
                self.assertGreater(max(weights.values()), 0)

    def test_a_class_is_predicted(self):
        rows = list(table_rows("penguins.csv", "species"))
        right = 0
        for row, truth in rows[::10]:
            answer = system.infer("penguins", row)
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(len(answer.json["result"]["probabilities"]), 3)
            right += answer.json["result"]["species"] == truth
        self.assertGreaterEqual(right, 0.9 * len(rows[::10]))

    def test_leavers_get_a_higher_probability(self):
        chances = {"Yes": [], "No": []}
        for row, truth in list(table_rows("telco_churn.csv", "churn"))[:100]:
            answer = system.infer("churn", row)
            self.assertEqual(answer.status, 200, answer)
            chances[truth].append(answer.json["result"]["probabilities"]["Yes"])
        self.assertGreater(statistics.mean(chances["Yes"]), statistics.mean(chances["No"]) + 0.2)

    def test_a_quantity_is_predicted(self):
        rows = list(table_rows("bike_rentals.csv", "bikers"))[::150]
        found = [system.infer("bikes", row).json["result"]["bikers"] for row, _ in rows]
        truths = [truth for _, truth in rows]
        self.assertGreater(statistics.correlation(found, truths), 0.8)

    def test_the_same_message_and_data_make_the_same_model(self):
        first = system.job(self.jobs["penguins"])["result"]
        key = system.make_key("twin")
        upload = system.put_table("penguins.csv", read_table("penguins.csv"), key)
        job = system.build("penguins", upload.json["upload_id"], MODELS["penguins"][1], key)
        second = system.wait_for_job(job, "COMPLETED", key=key)["result"]
        self.assertRegex(first["artifact_digest"], "^[0-9a-f]{64}$")
        self.assertEqual(first, second)

    def test_the_output_schema_is_honoured(self):
        job = system.build("chance", self.datasets["churn"], MODELS["churn"][1], max_iterations=1,
                           output_schema={"churn_probability": "float"})
        system.wait_for_job(job, "COMPLETED")
        told = system.version("chance", "describe")
        self.assertEqual((told["target"], told["output_schema"]), ("churn", {"churn_probability": "float"}))
        row, _ = next(table_rows("telco_churn.csv", "churn"))
        answer = system.infer("chance", row)
        self.assertEqual(list(answer.json["result"]), ["churn_probability"])
        self.assertTrue(0 < answer.json["result"]["churn_probability"] < 1, answer)

    def test_the_models_are_listed_in_pages(self):
        seen = []
        for offset in range(len(MODELS)):
            page = system.call("GET", f"/models?status=READY&sort_by=name&sort_dir=asc&limit=1&offset={offset}")
            seen += [model["model_name"] for model in page.json["models"]]
            self.assertGreaterEqual(page.json["pagination"]["total"], len(MODELS))
        self.assertEqual(seen, sorted(seen))
        every = [model["model_name"] for model in system.call("GET", "/models?limit=100").json["models"]]
        self.assertLessEqual(set(MODELS) | set(seen), set(every))


class Limits(Case):
    """An account over its limit waits; what is cancelled makes room."""

    system = None

    @classmethod
    def setUpClass(cls):
        cls.system = system
        cls.key = system.make_key("busy")
        cls.big = system.put_table("big.csv", big_table(25000), cls.key).json["upload_id"]
        cls.small = system.put_table("penguins.csv", read_table("penguins.csv"), cls.key).json["upload_id"]

    def build(self, name, dataset, intent="predict the species"):
        return system.build(name, dataset, intent, self.key)

    def cancel(self, job):
        answer = system.call("POST", f"/jobs/{job}/cancel", key=self.key)
        self.assertEqual(answer.status, 200, answer)
        return answer.json["status"]

    def job(self, job):
        return system.job(job, self.key)

    def status_of(self, name):
        return system.version(name, key=self.key)

    def assert_cancelled(self, name, job):
        told = system.wait_for_job(job, "CANCELLED", key=self.key, patience_s=15)
        self.assertEqual((told["error"]["code"], told["result"]), ("cancelled", None))
        status = self.status_of(name)
        self.assertEqual((status["status"], status["error_code"]), ("ERROR", "cancelled"))
        answer = system.call("POST", f"/jobs/{job}/cancel", key=self.key)
        self.assert_error(answer, 409, "conflict", "CANCELLED")

    def test_what_is_over_the_limit_waits_and_then_runs(self):
        running = {name: self.build(name, self.big, "predict outcome") for name in ("long-1", "long-2")}
        children = wait_for(lambda: system.children("worker-1"), lambda found: len(found) == 2, 30)
        waiting = {name: self.build(name, self.small) for name in ("short-1", "short-2", "short-3")}

        # The worker has slots left: another account's build goes past.
        other = system.make_key("other")
        upload = system.put_table("penguins.csv", read_table("penguins.csv"), other)
        passes = system.build("short", upload.json["upload_id"], "predict the species", other, max_iterations=1)
        system.wait_for_job(passes, "COMPLETED", key=other)
        self.assertEqual({self.job(job)["status"] for job in waiting.values()}, {"PENDING"})
        self.assertEqual([self.job(job)["position"] for job in waiting.values()], [1, 2, 3])
        page = system.call("GET", "/jobs?status=RUNNING", key=self.key).json
        self.assertEqual({job["job_id"] for job in page["jobs"]}, set(running.values()))

        # What waits is cancelled at once, what runs within seconds, and its process ends.
        self.assertEqual(self.cancel(waiting["short-3"]), "CANCELLED")
        self.assert_cancelled("short-3", waiting.pop("short-3"))
        self.assertEqual(self.status_of("long-1")["status"], "BUILDING")
        self.assertEqual(self.cancel(running["long-1"]), "CANCELLING")
        self.assert_cancelled("long-1", running["long-1"])
        self.assertEqual(sum(map(process_is_alive, children)), 1)
        system.wait_for_job(waiting["short-1"], "RUNNING", "COMPLETED", key=self.key)
        self.assertEqual(self.cancel(running["long-2"]), "CANCELLING")
        self.assert_cancelled("long-2", running["long-2"])
        for name, job in waiting.items():
            self.assertEqual(system.wait_for_job(job, "COMPLETED", key=self.key)["run"], 1)
            self.assertEqual(self.status_of(name)["status"], "READY")
        self.assertFalse(any(map(process_is_alive, children)))

        jobs = system.call("GET", "/jobs?sort=created_at&order=asc", key=self.key).json
        self.assertEqual([job["resource_id"] for job in jobs["jobs"]],
                         ["long-1", "long-2", "short-1", "short-2", "short-3"])
        self.assertEqual([job["status"] for job in jobs["jobs"]],
                         ["CANCELLED", "CANCELLED", "COMPLETED", "COMPLETED", "CANCELLED"])
        ready = system.call("GET", "/models?status=READY&sort_by=name", key=self.key).json["models"]
        self.assertEqual([model["model_name"] for model in ready], ["short-2", "short-1"])


if __name__ == "__main__":
    unittest.main()
