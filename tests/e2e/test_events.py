"""Events as kcat sees them: CloudEvents in binary mode, no revision missing, as asyncapi.yaml says."""

import collections
import json
import os
import re
import subprocess
import unittest

from builds import Builds, Case, big_table
from support import wait_for

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
TOOLS = os.path.join(ROOT, "native", "test-tools")
ASYNCAPI = os.path.join(ROOT, "schemas", "asyncapi.yaml")
HEADERS = {"ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_sequence", "content-type"}

# Reads what is to be checked from stdin: [[schema, value], ...]; prints what does not fit.
CHECK = """
import json, os, sys, yaml
from jsonschema import Draft202012Validator, Draft7Validator
document = yaml.safe_load(open(sys.argv[1]))
folder = os.path.dirname(sys.argv[1])
known = {name: json.load(open(os.path.join(folder, "messages", name))) for name in os.listdir(os.path.join(folder, "messages"))}
def problems(reference, value):
    name, _, part = reference.partition("#")
    root = known[os.path.basename(name)]
    schema = dict(root, **{"$ref": "#" + part}) if part else root
    schema.pop("anyOf", None) if part else None
    return [f"{reference}: {e.json_path}: {e.message}" for e in Draft202012Validator(schema).iter_errors(value)]
if sys.argv[2:]:
    found = [f"{e.json_path}: {e.message[:300]}" for e in Draft7Validator(json.load(open(sys.argv[2]))).iter_errors(document)]
else:
    found = [p for reference, value in json.load(sys.stdin) for p in problems(reference, value)]
print("\\n".join(found[:20]))
"""


def references(node):
    """Every $ref of a document."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


class Events(Case):
    @classmethod
    def setUpClass(cls):
        cls.system = Builds(1, POOLS="build,retrain,deploy,predict,logs")
        cls.system.__enter__()
        cls.addClassCleanup(cls.system.__exit__)
        cls.make_history()
        cls.events = cls.wait_for_events("events")

    @classmethod
    def make_history(cls):
        """A build that ends well and is deployed, one that is cancelled, an upload that goes."""
        system = cls.system
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        dataset = system.upload_table("penguins.csv")
        made = system.call("POST", "/models/penguins", {"intent": "predict the species", "dataset_id": dataset},
                           {"traceparent": trace})
        assert made.status == 200, made
        cls.build = made.json["job_id"]
        system.wait_for_job(cls.build, "COMPLETED")
        deployed = system.call("POST", "/models/penguins/deploy", {}).json
        system.wait_for_job(deployed["job_id"], "COMPLETED")
        system.call("DELETE", f"/models/penguins/deployments/{deployed['deployment_id']}")
        cls.deployment = deployed["deployment_id"]
        big = system.upload("big.csv", big_table()).json["upload_id"]
        cls.cancelled = system.build("big", big, "predict outcome")
        wait_for(lambda: system.job(cls.cancelled)["status"], lambda status: status == "RUNNING")
        system.call("POST", f"/jobs/{cls.cancelled}/cancel")
        system.wait_for_job(cls.cancelled, "CANCELLED")
        system.call("DELETE", "/models/big")
        wait_for(lambda: system.call("GET", f"/deployments/{cls.deployment}").json.get("status"),
                 lambda status: status in ("UNDEPLOYED", None))

    @classmethod
    def kcat(cls, topic):
        """Every message of a topic so far: its key, its headers, its value."""
        done = subprocess.run(
            ["kcat", "-b", os.environ["TRAINYARD_TEST_BROKERS"], "-C", "-e", "-q", "-J", "-o", "beginning",
             "-t", f"{cls.system.name}.{topic}"],
            capture_output=True, text=True, timeout=60, check=True, stdin=subprocess.DEVNULL)
        for line in done.stdout.splitlines():
            message = json.loads(line)
            flat = message.get("headers", [])
            yield message["key"], list(zip(flat[::2], flat[1::2])), message["payload"]

    @classmethod
    def wait_for_events(cls, topic):
        """What the topic holds once it tells of all that the database knows."""
        wanted = set(cls.system.sql(
            "select id || '.' || revision from jobs union all select id || '.' || revision from versions union all"
            " select id || '.' || revision from models union all select id || '.' || revision from uploads union all"
            " select id || '.' || revision from deployments").split())

        def missing(messages):
            return wanted - {dict(headers)["ce_id"].removeprefix("evt_") for _, headers, _ in messages}

        return wait_for(lambda: list(cls.kcat(topic)), lambda messages: not missing(messages), 30)

    def check(self, *arguments, stdin=""):
        done = subprocess.run([os.path.join(TOOLS, "bin", "python"), "-c", CHECK, ASYNCAPI, *arguments],
                              input=stdin, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual((done.returncode, done.stdout.strip()), (0, ""), done.stderr[-3000:])

    def test_events_are_cloud_events_in_binary_mode(self):
        for key, headers, value in self.events:
            names = dict(headers)
            self.assertEqual(len(names), len(headers), "a header stands twice")
            self.assertEqual(set(names) - {"ce_traceparent"}, HEADERS)
            self.assertEqual((names["ce_specversion"], names["content-type"]), ("1.0", "application/json"))
            self.assertEqual(names["ce_id"], f"evt_{names['ce_subject']}.{names['ce_sequence']}")
            self.assertRegex(names["ce_type"], r"^trainyard\.(job|version|model|upload|deployment)\.[a-z]+$")
            data = json.loads(value)
            self.assertEqual(names["ce_source"], "/trainyard/accounts/" + data["account"])
            self.assertEqual(int(names["ce_sequence"]), data["revision"])
            self.assertEqual(key.partition("/")[0], data["account"])
            self.assertRegex(names["ce_time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def test_no_revision_of_an_entity_is_missing(self):
        revisions = collections.defaultdict(list)
        told = {}
        for _, headers, value in self.events:
            names = dict(headers)
            revision = int(names["ce_sequence"])
            # the same revision again has the same id and tells the same
            self.assertEqual(told.setdefault(names["ce_id"], (names["ce_type"], value)), (names["ce_type"], value))
            if revision > max(revisions[names["ce_subject"]], default=0):
                revisions[names["ce_subject"]].append(revision)
        for entity, passed in revisions.items():
            self.assertEqual(passed, list(range(1, len(passed) + 1)), entity)
        self.assertEqual({entity.split("_")[0] for entity in revisions}, {"job", "ver", "mdl", "upload", "dep"})

    def types_of(self, entity):
        seen = []
        for _, headers, _ in self.events:
            names = dict(headers)
            if names["ce_subject"] == entity and names["ce_type"] not in seen:
                seen.append(names["ce_type"])
        return [name.rpartition(".")[2] for name in seen]

    def test_what_happened_is_told_in_order(self):
        self.assertEqual(self.types_of(self.build), ["pending", "running", "completed"])
        self.assertEqual(self.types_of(self.cancelled), ["pending", "running", "cancelling", "cancelled"])
        deployment = self.types_of(self.deployment)
        self.assertEqual([word for word in ("deploying", "active", "undeploying", "undeployed") if word in deployment],
                         deployment)
        self.assertEqual(deployment[:2], ["deploying", "active"])

    def test_the_trace_of_a_request_goes_along(self):
        traces = {dict(headers).get("ce_traceparent", "")[3:35] for _, headers, _ in self.events
                  if dict(headers)["ce_subject"] == self.build}
        self.assertEqual(traces, {"0af7651916cd43dd8448eb211c80319c"})

    def test_the_state_is_the_last_event_of_each(self):
        newest = {}
        for key, headers, value in self.wait_for_events("state"):
            self.assertEqual(key, dict(headers)["ce_subject"])
            newest[key] = json.loads(value)["revision"]
        for _, headers, _ in self.events:
            names = dict(headers)
            self.assertGreaterEqual(newest[names["ce_subject"]], int(names["ce_sequence"]))

    @unittest.skipUnless(os.path.exists(os.path.join(TOOLS, "bin", "jsonschema")), "scripts/setup --test fetches jsonschema")
    def test_every_message_is_as_its_schema_says(self):
        checks = []
        for _, headers, value in self.events:
            kind = dict(headers)["ce_type"].split(".")[1]
            checks.append((f"event.schema.json#/$defs/{kind}", json.loads(value)))
            checks.append(("event.schema.json#/$defs/headers", dict(headers)))
        for topic, schema in (("jobs.build", "build_job"), ("jobs.deploy", "deploy_job"), ("logs", "log_record")):
            messages = list(self.kcat(topic))
            self.assertGreater(len(messages), 0, topic)
            checks += [(schema + ".schema.json", json.loads(value)) for _, _, value in messages]
        self.check(stdin=json.dumps(checks))

    @unittest.skipUnless(os.path.exists(os.path.join(TOOLS, "asyncapi-3.0.0.json")), "scripts/setup --test fetches it")
    def test_the_description_is_valid(self):
        self.check(os.path.join(TOOLS, "asyncapi-3.0.0.json"))

    def test_the_description_names_every_topic_and_schema(self):
        with open(ASYNCAPI, encoding="utf-8") as file:
            text = file.read()
        described = set(re.findall(r"(?m)^    address: trainyard\.(\S+)$", text))
        done = subprocess.run(["kcat", "-b", os.environ["TRAINYARD_TEST_BROKERS"], "-L", "-J"], capture_output=True,
                              text=True, timeout=60, check=True, stdin=subprocess.DEVNULL)
        there = {topic["topic"].removeprefix(self.system.name + ".") for topic in json.loads(done.stdout)["topics"]
                 if topic["topic"].startswith(self.system.name + ".")}
        self.assertEqual(described, there)
        for file in set(re.findall(r"messages/\w+\.schema\.json", text)):
            self.assertTrue(os.path.exists(os.path.join(ROOT, "schemas", file)), file)
        named = {os.path.basename(file) for file in re.findall(r"messages/\w+\.schema\.json", text)}
        self.assertEqual(named, set(os.listdir(os.path.join(ROOT, "schemas", "messages"))))


if __name__ == "__main__":
    unittest.main()
