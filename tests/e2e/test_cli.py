"""The command line against a real system: every noun, its failures, JSON, and a terminal."""

import csv
import json
import os
import pty
import select
import subprocess
import tempfile
import unittest

from builds import Case, table_rows
from support import DATA, System

TELCO = os.path.join(DATA, "telco_churn.csv")
INTENT = "Predict which customers will leave"


class CommandLine(Case):
    """One system; the model churn, built by the command line itself."""

    @classmethod
    def setUpClass(cls):
        # Workers of all pools; the CLI knows the API and a key, and no database.
        cls.system = System(1, POOLS="build,retrain,deploy,predict,logs")
        cls.system.__enter__()
        cls.addClassCleanup(cls.system.__exit__)
        cls.folder = tempfile.TemporaryDirectory(prefix="trainyard-cli-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.built = cls.command("models", "create", "churn", "--intent", INTENT, "--data", TELCO,
                                "--max-iterations", "1", "--tag", "first", "--wait")

    @classmethod
    def environment(cls, **settings):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("TRAINYARD_")}
        return dict(kept, **{"TRAINYARD_URL": cls.system.url, "TRAINYARD_API_KEY": cls.system.key}, **settings)

    @classmethod
    def command(cls, *words, stdin=None, env=None, cwd=None):
        return subprocess.run([os.path.join(cls.system.bin, "trainyard"), *words], input=stdin,
                              env=cls.environment() if env is None else env, capture_output=True, text=True,
                              timeout=120, check=False, cwd=cwd or cls.folder.name)

    def ok(self, *words, **more):
        done = self.command(*words, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def json(self, *words, **more):
        return json.loads(self.ok(*words, "--json", **more))

    def fails(self, code, said, *words, **more):
        done = self.command(*words, **more)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done)
        self.assertRegex(done.stderr, said)
        return done.stderr

    def path(self, name):
        return os.path.join(self.folder.name, name)

    # Building

    def test_a_build_is_shown_line_by_line(self):
        self.assertEqual(self.built.returncode, 0, self.built.stderr)
        self.assertRegex(self.built.stdout, r"status +COMPLETED")
        self.assertRegex(self.built.stderr, r"telco_churn.csv 822\.\d of 822\.\d kB")
        self.assertIn("predicting churn", self.built.stderr)
        self.assertRegex(self.built.stderr, r"(?m)^ +\d+ % training$")
        self.assertNotIn("\r", self.built.stderr)

    def test_models_are_listed_shown_and_described(self):
        self.assertRegex(self.ok("models", "list"), r"NAME +VERSION +STATUS.*\n(.*\n)*churn +v1\.0 +READY")
        self.assertRegex(self.ok("models", "get", "churn"), r"(?s)intent +Predict which.*roc_auc +0\.\d+")
        self.assertRegex(self.ok("models", "describe", "churn/v1.0"), r"(?s)task +binary.*what mattered.*contract")
        listed = self.json("models", "list", "--limit", "1", "--sort-by=name")
        self.assertEqual((listed["pagination"]["limit"], len(listed["models"])), (1, 1))
        direct = self.system.call("GET", "/models/churn")
        self.assertEqual(self.ok("models", "get", "churn", "--json"), direct.body.decode() + "\n")

    def test_a_model_is_changed_and_deleted(self):
        answer = self.json("models", "create", "short", "--intent", INTENT, "--data", TELCO,
                           "--max-iterations", "1")
        self.assertEqual((answer["status"], answer["model_name"]), ("PENDING", "short"))
        self.ok("jobs", "wait", answer["job_id"])
        self.assertIn("Shorter", self.ok("models", "update", "short", "--name", "Shorter", "--tag", "x"))
        self.assertEqual(self.json("models", "get", "short")["tags"], ["x"])
        self.assertEqual(self.json("models", "delete", "short")["status"], "DELETED")
        self.fails(3, "short", "models", "get", "short")

    def test_versions_follow_each_other(self):
        dataset = self.json("models", "get", "churn")["dataset_id"]
        made = self.json("versions", "create", "churn", "--dataset", dataset, "--max-iterations", "1")
        self.assertRegex(self.ok("jobs", "wait", made["job_id"]), r"status +COMPLETED")
        again = self.ok("models", "retrain", "churn", "--max-iterations", "1", "--wait")
        self.assertRegex(again, r"type +model_retrain\nstatus +COMPLETED")
        listed = [row["model_version"] for row in self.json("versions", "list", "churn")["versions"]]
        self.assertEqual(listed[-1], "v1.0")
        self.assertGreaterEqual(len(listed), 3)
        self.assertRegex(self.ok("versions", "list", "churn"), r"VERSION +STATUS +KIND")
        self.assertEqual(self.json("versions", "get", "churn/v1.0")["status"], "READY")

    # Predictions

    def test_one_row_and_several_are_predicted(self):
        rows = [row for row, _ in zip((row for row, _ in table_rows("telco_churn.csv", "churn")), range(3))]
        one = json.loads(self.ok("predict", "churn", stdin=json.dumps(rows[0])))
        self.assertIn(one["churn"], ("Yes", "No"))
        whole = self.json("predict", "churn/v1.0", stdin=json.dumps(rows[0]))
        self.assertEqual(whole["model_version"], "v1.0")
        with open(self.path("rows.json"), "w", encoding="utf-8") as file:
            json.dump(rows, file)
        several = self.ok("predict", "churn", "--input", "rows.json").splitlines()
        self.assertEqual(len(several), 3)
        self.assertEqual(json.loads(several[0]), json.loads(self.ok("predict", "churn", stdin=json.dumps(rows[0]))))
        said = self.fails(1, "missing|required", "predict", "churn", stdin="{}")
        self.assertRegex(said, r"(?m)^  tenure: ")
        self.assertRegex(said, r"(?m)^  request req_")
        self.fails(2, "no JSON: line 1", "predict", "churn", stdin="{'a': 1}")

    def test_a_file_of_rows_is_a_batch(self):
        self.fails(2, "--output FILE", "predict", "churn", "--input", TELCO)
        self.assertRegex(self.ok("predict", "churn", "--input", TELCO, "--output", "out.csv"), "status +COMPLETED")
        with open(self.path("out.csv"), encoding="utf-8") as file:
            out = list(csv.DictReader(file))
        self.assertEqual(len(out), 7043)
        self.assertIn(out[0]["churn"], ("Yes", "No"))
        dataset = self.json("models", "get", "churn")["dataset_id"]
        self.ok("predict", "churn", "--dataset", dataset, "--output", "out.parquet")
        with open(self.path("out.parquet"), "rb") as file:
            self.assertEqual(file.read(4), b"PAR1")
        self.assertEqual([name for name in os.listdir(self.folder.name) if name.endswith(".part")], [])

    def test_a_model_is_deployed_and_taken_down(self):
        self.assertRegex(self.ok("deploy", "churn", "--environment", "staging", "--replicas", "1",
                                 "--auto-scale", "off", "--wait"), r"type +model_deploy\nstatus +COMPLETED")
        self.assertRegex(self.ok("deployments", "list", "churn"), r"staging +ACTIVE")
        deployment = self.json("deployments", "list", "churn")["deployments"][0]["deployment_id"]
        self.assertIn("UNDEPLOY", self.json("deployments", "delete", "churn", deployment)["status"])
        self.fails(2, "--auto-scale is 'maybe'", "deploy", "churn", "--auto-scale", "maybe")
        self.fails(3, "nope", "deploy", "nope")

    # Jobs, logs, uploads, keys

    def test_jobs_are_listed_shown_and_cancelled(self):
        jobs = self.json("jobs", "list", "--type", "model_build")["jobs"]
        self.assertRegex(self.ok("jobs", "list"), r"JOB +TYPE +STATUS")
        self.assertRegex(self.ok("jobs", "get", jobs[-1]["job_id"]), r"about +churn")
        self.fails(1, "has ended", "jobs", "cancel", jobs[-1]["job_id"])
        self.fails(3, "job", "jobs", "get", "job_00000000000000000000")

    def test_a_job_that_fails_fails_the_command(self):
        with open(self.path("one.csv"), "w", encoding="utf-8") as file:
            file.write("a,b\n" + "1,x\n" * 40)
        said = self.fails(1, "is FAILED: ", "models", "create", "bad", "--intent", "predict b", "--data", "one.csv",
                          "--wait")
        self.assertIn("job_", said)

    def test_logs_are_read_and_followed(self):
        whole = self.ok("logs", "churn")
        self.assertRegex(whole, r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ INFO ")
        job = self.json("versions", "list", "churn")["versions"][-1]["job_id"]
        followed = [json.loads(line) for line in self.ok("logs", job, "-f", "--json").splitlines()]
        self.assertEqual([line["seq"] for line in followed], list(range(len(followed))))
        self.assertEqual(self.json("logs", job)["pagination"]["total"], len(followed))
        self.assertEqual(self.ok("logs", job, "--follow", "--level", "ERROR"), "")
        self.fails(2, "--level is 'LOUD'", "logs", job, "--level", "LOUD")
        self.fails(3, "nope", "logs", "nope")

    def test_uploads_are_made_shown_and_deleted(self):
        made = self.json("uploads", "create", TELCO, "--name", "customers")
        self.assertEqual((made["status"], made["name"]), ("complete", "customers"))
        shown = self.ok("uploads", "get", made["upload_id"])
        self.assertRegex(shown, r"telco_churn.csv +822 kB +7043")
        self.assertRegex(shown, r"(?m)^tenure +integer")
        self.assertRegex(self.ok("uploads", "list"), r"UPLOAD +NAME +STATUS")
        self.assertEqual(self.json("uploads", "delete", made["upload_id"])["status"], "deleted")
        self.fails(3, "upload", "uploads", "get", made["upload_id"])
        self.fails(2, "cannot read /nowhere.csv", "uploads", "create", "/nowhere.csv")

    def test_keys_are_made_shown_and_revoked(self):
        key = self.ok("keys", "create", "--name", "dashboard", "--permission", "read_only").strip()
        self.assertRegex(key, r"^plx_sk_\w+$")
        self.assertIn("churn", self.ok("models", "list", "--key", key))
        found = [row for row in self.json("keys", "list")["keys"] if row["name"] == "dashboard"]
        self.assertEqual([row["status"] for row in found], ["active"])
        self.assertRegex(self.ok("keys", "get", found[0]["key_id"]), r"may +read_only")
        self.assertEqual(self.json("keys", "revoke", found[0]["key_id"])["status"], "revoked")
        self.fails(4, "revoked", "models", "list", "--key", key)
        self.fails(3, "key", "keys", "get", "key_00000000000000000000")

    def test_rows_of_an_upload_are_shown(self):
        made = self.json("uploads", "create", TELCO)
        shown = self.ok("uploads", "preview", made["upload_id"], "--limit", "3").splitlines()
        self.assertEqual(len(shown), 4)
        self.assertRegex(shown[0], r"female +senior_citizen")

    # Settings and failures

    def test_what_is_misspelt_is_told(self):
        self.fails(2, "did you mean models", "modles", "list")
        self.fails(2, "did you mean list", "models", "lst")
        self.fails(2, "did you mean --limit", "models", "list", "--limt", "3")
        self.fails(2, "--intent", "models", "create", "x", "--data", TELCO)
        self.fails(2, "either --data or --dataset", "models", "create", "x", "--intent", "y", "--data", TELCO,
                   "--dataset", "upload_1")
        self.fails(1, "limit", "models", "list", "--limit", "1000")

    def test_every_noun_tells_its_use(self):
        whole = self.ok("--help")
        for word in ("migrate", "topics", "accounts", "TRAINYARD_URL", "TRAINYARD_DATABASE_URL"):
            self.assertIn(word, whole)
        for noun in ("models", "versions", "deploy", "deployments", "predict", "jobs", "logs", "uploads", "keys"):
            self.assertIn(f"  trainyard {noun} ", whole)
            self.assertIn(f"  trainyard {noun}", self.ok(noun, "--help"))
        self.fails(2, "--version", env=self.environment())

    def test_keys_that_do_not_serve(self):
        self.fails(4, "key", "models", "list", "--key", "plx_sk_wrong")
        env = self.environment()
        del env["TRAINYARD_API_KEY"]
        self.fails(4, "TRAINYARD_API_KEY", "models", "list", env=env)
        reader = self.system.make_key("reader", "read_only")
        self.fails(4, "may only read", "models", "delete", "churn", "--key", reader)

    def test_a_server_that_is_away(self):
        self.fails(5, "does not answer", "models", "list", "--url", "http://127.0.0.1:9")

    def test_what_scripts_up_noted_is_found(self):
        os.makedirs(self.path("here/.trainyard"), exist_ok=True)
        with open(self.path("here/.trainyard/env"), "w", encoding="utf-8") as file:
            file.write(f"TRAINYARD_URL={self.system.url}\nTRAINYARD_API_KEY={self.system.key}\nTRAINYARD_PORT=1\n")
        env = {k: v for k, v in os.environ.items() if not k.startswith("TRAINYARD_")}
        self.assertIn("churn", self.ok("models", "list", env=env, cwd=self.path("here")))
        # the noted key is for the noted server alone
        env["TRAINYARD_URL"] = self.system.url
        self.fails(4, "no API key", "models", "list", env=env, cwd=self.path("here"))

    def test_operators_commands_need_only_what_they_use(self):
        env = {k: v for k, v in self.environment().items() if k != "TRAINYARD_URL"}
        env.update(TRAINYARD_KAFKA_BROKERS=os.environ["TRAINYARD_TEST_BROKERS"], TRAINYARD_TOPIC_PREFIX=self.system.name)
        done = self.command("topics", env=env)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.fails(2, "TRAINYARD_DATABASE_URL is not set", "keys", "create", "--account", "x", env=env)

    # At a terminal

    def at_terminal(self, *words):
        """What a command writes to a terminal."""
        master, slave = pty.openpty()
        with subprocess.Popen([os.path.join(self.system.bin, "trainyard"), *words], env=self.environment(),
                              stdin=slave, stdout=slave, stderr=slave, close_fds=True) as process:
            os.close(slave)
            said = b""
            while select.select([master], [], [], 60)[0]:
                try:
                    piece = os.read(master, 65536)
                except OSError:  # the other end is closed
                    break
                said += piece
            self.assertEqual(process.wait(60), 0, said)
        os.close(master)
        return said.decode()

    def test_a_terminal_gets_bars(self):
        said = self.at_terminal("models", "create", "bars", "--intent", INTENT, "--data", TELCO,
                                "--max-iterations", "1", "--wait")
        self.assertRegex(said, r"\r\x1b\[Ktelco_churn\.csv \[#{30}\] 100 % 822\.\d of 822\.\d kB")
        self.assertRegex(said, r"\r\x1b\[K\[#+\.+\] +\d+ % training")
        self.assertRegex(said, r"\r\x1b\[Kpredicting churn[^\r\n]*\r\n\[[#.]+\]")  # a line, the bar below it
        self.assertRegex(said, r"\r\x1b\[Kjob +job_\w+\r\n")  # the bar is gone before the result


if __name__ == "__main__":
    unittest.main()
