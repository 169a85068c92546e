"""schemathesis: the whole API against openapi.yaml, with a key and real data, well and badly asked.

What it asks of every answer: no 5xx, a status, a type, headers and a body that are told; that what
is wrong is refused, and what is right is not; that no path answers without its key.
"""

import os
import re
import subprocess
import sys
import unittest

from builds import Builds
from support import read_table

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "native", "test-tools", "bin")
OPENAPI = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "schemas", "openapi.yaml")

# Real things for paths. What a model's rows are is told by no openapi.yaml, so they may be a 422.
# Bodies are drawn with fields of any name: with numbers of JSON that are larger than ours, and in
# forms with names that are none; and one cannot follow the log of no job, nor from an event that is
# none. These are a 400.
CONFIG = """
[generation]
allow-x00 = false

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "422", "429"]

[parameters]
"path.model_name" = "penguins"
"path.model_version" = "latest"
"path.job_id" = "{job}"
"path.upload_id" = "{upload}"
"path.dataset_name" = "penguins.csv"
"path.filename" = "penguins.csv"
"path.file" = "docs.js"
"query.job_id" = "{job}"

[[operations]]
include-method = "POST"

[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "409", "422", "429"]

[[operations]]
include-operation-id = ["getBuildLogs", "getJobLogs"]

[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "409", "422", "429"]
"""


@unittest.skipUnless(os.path.exists(os.path.join(TOOLS, "schemathesis")), "scripts/setup --test fetches schemathesis")
class OpenApi(unittest.TestCase):
    def test_the_description_is_valid(self):
        check = "import sys, yaml; from openapi_spec_validator import validate; validate(yaml.safe_load(open(sys.argv[1])))"
        done = subprocess.run([os.path.join(TOOLS, "python"), "-c", check, OPENAPI], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])

    def test_answers_are_as_they_are_described(self):
        with Builds(workers=1) as system:
            upload = system.put_table("penguins.csv", read_table("penguins.csv")).json["upload_id"]
            job = system.build("penguins", upload, "predict the species of a penguin")
            system.wait_for_job(job, "COMPLETED")
            self.check(system, CONFIG.format(job=job, upload=upload), "--exclude-method", "DELETE")
            # What deletes meets things that are not there; else nothing would be left for the others.
            self.check(system, "", "--include-method", "DELETE")
            self.assertEqual(system.send("GET", "/readyz").status, 200)
            self.assertNotIn('"level":"error"', system.log("api"))

    def check(self, system, config, *options):
        path = os.path.join(system.folder, "schemathesis.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(config)
        done = subprocess.run(
            [os.path.join(TOOLS, "schemathesis"), "--config-file", path, "run", system.url + "/openapi.json",
             "-H", "Authorization: Bearer " + system.key, "--phases", "examples,coverage,fuzzing",
             "--max-examples", "10", "--seed", "1", "--generation-database", "none", "--request-timeout", "30",
             "--suppress-health-check", "all", "--no-color", "--warnings", "off", *options],
            cwd=system.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=400,
        )
        count = re.search(r"(\d+) generated", done.stdout)
        found = done.stdout[max(done.stdout.find("= FAILURES ="), 0) :]
        self.assertEqual(done.returncode, 0, "\n" + found[:20000] + found[-1000:] + done.stderr[-2000:])
        self.assertGreater(int(count[1]), 20)
        print(f"schemathesis: {count[1]} requests", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
