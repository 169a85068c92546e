"""API keys over REST, and what is told of the account they belong to."""

import json
import unittest

from support import System, wait_for

NEW = {"name": "pipeline", "permission_level": "read_write"}


class Keys(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = cls.enterClassContext(System(workers=0))

    def setUp(self):
        self.owner = self.system.make_key(self.id())  # an account of its own

    def call(self, method, path, body=None, key=None):
        return self.system.call(method, path, body, key=key or self.owner)

    def make(self, **more):
        answer = self.call("POST", "/auth/api-keys", dict(NEW, **more))
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def test_a_key_is_shown_once_and_works(self):
        made = self.make(expiration_days=30)
        self.assertTrue(made["key"].startswith("plx_sk_"))
        self.assertEqual(made["api_key"], made["key"])
        self.assertEqual((made["key_prefix"], made["key_suffix"]), (made["key"][:11], made["key"][-4:]))
        self.assertIsNotNone(made["expires_at"])
        self.assertEqual(self.call("GET", "/models", key=made["key"]).status, 200)
        told = self.call("GET", f"/auth/api-keys/{made['key_id']}")
        self.assertEqual(told.status, 200, told)
        self.assertNotIn(made["key"].encode(), told.body)
        listed = self.call("GET", "/auth/api-keys").json
        self.assertEqual(listed["pagination"]["total"], 2)
        self.assertEqual(listed["keys"][0]["key_id"], made["key_id"])
        self.assertNotIn("key", listed["keys"][0])
        stored = self.system.sql("select string_agg(k::text, ' ') from keys k")
        self.assertNotIn(made["key"], stored)

    def test_read_only_may_only_read(self):
        reader = self.make(permission_level="read_only")["key"]
        self.assertEqual(self.call("GET", "/auth/api-keys", key=reader).status, 200)
        refused = self.call("POST", "/auth/api-keys", NEW, key=reader)
        self.assertEqual((refused.status, refused.json["error"]["code"]), (403, "forbidden"))
        self.assertEqual(self.call("POST", "/models/none/v1.0/infer", {}, key=reader).status, 404)

    def test_a_revoked_key_is_refused_at_once(self):
        made = self.make()
        self.assertEqual(self.call("GET", "/models", key=made["key"]).status, 200)
        path = f"/auth/api-keys/{made['key_id']}"
        gone = self.call("DELETE", path)
        self.assertEqual((gone.status, gone.json["status"]), (200, "revoked"))
        refused = self.call("GET", "/models", key=made["key"])
        self.assertEqual((refused.status, refused.json["error"]["details"]["code"]), (401, "revoked_key"))
        self.assertEqual(self.call("DELETE", path).body, gone.body)
        self.assertEqual(self.call("GET", "/auth/api-keys?status=revoked").json["pagination"]["total"], 1)
        self.assertEqual(self.call("GET", "/auth/api-keys?status=active").json["pagination"]["total"], 1)

    def test_name_and_expiry_can_be_changed_and_nothing_else(self):
        made = self.make()
        path = f"/auth/api-keys/{made['key_id']}"
        changed = self.call("PATCH", path, {"name": "renamed", "expiration_days": 1})
        self.assertEqual(changed.json["name"], "renamed")
        self.assertIsNotNone(changed.json["expires_at"])
        refused = self.call("PATCH", path, {"permission_level": "read_only", "nam": "x"})
        self.assertEqual(refused.status, 422)
        self.assertIn("new key", refused.json["error"]["details"]["permission_level"])
        self.assertIn("name", refused.json["error"]["details"]["nam"])

    def test_an_expired_key_is_refused(self):
        made = self.make()
        self.system.sql(
            f"update keys set expires_at = now() - interval '1 s', changed_at = now() where id = '{made['key_id']}'"
        )
        refused = wait_for(lambda: self.call("GET", "/models", key=made["key"]), lambda answer: answer.status != 200)
        self.assertEqual((refused.status, refused.json["error"]["details"]["code"]), (401, "expired_key"))

    def test_other_accounts_see_nothing(self):
        path = f"/auth/api-keys/{self.make()['key_id']}"
        other = self.system.make_key("other " + self.id())
        missing = self.call("GET", "/auth/api-keys/key_none", key=other)
        for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
            answer = self.call(method, path, body, key=other)
            self.assertEqual(answer.status, 404)
        self.assertEqual(missing.status, 404)
        self.assertEqual(self.call("GET", path).json["status"], "active")

    def test_all_that_is_wrong_is_told(self):
        answer = self.call("POST", "/auth/api-keys", {"permission_level": "read_wirte", "expiration_days": 0})
        self.assertEqual(answer.status, 422)
        self.assertEqual(set(answer.json["error"]["details"]), {"name", "permission_level", "expiration_days"})
        self.assertIn("read_write", answer.json["error"]["details"]["permission_level"])
        self.assertIn("3650", answer.json["error"]["details"]["expiration_days"])

    def test_ten_keys_an_hour(self):
        for _ in range(10):
            self.make()
        answer = self.call("POST", "/auth/api-keys", NEW)
        self.assertEqual((answer.status, answer.json["error"]["code"]), (429, "rate_limit_exceeded"))
        self.assertGreater(int(answer.headers["retry-after"]), 0)

    def test_a_repeated_request_does_not_show_the_key_again(self):
        headers = {"Idempotency-Key": "k1", "Authorization": f"Bearer {self.owner}"}
        first, second = (
            self.system.send("POST", "/auth/api-keys", json.dumps(NEW), headers) for _ in range(2)
        )
        self.assertEqual(first.json["key_id"], second.json["key_id"])
        self.assertIn("key", first.json)
        self.assertNotIn("key", second.json)
        self.assertEqual(self.system.sql(f"select count(*) from idempotency where body like '%{first.json['key']}%'"), "0")

    def test_use_is_counted(self):
        made = self.make()
        for _ in range(3):
            self.call("GET", "/models", key=made["key"])
        path = f"/auth/api-keys/{made['key_id']}"
        told = wait_for(lambda: self.call("GET", path).json, lambda key: key["usage_stats"]["requests_last_24h"] == 3)
        self.assertIsNotNone(told["last_used_at"])
        user = self.call("GET", "/auth/user").json
        self.assertEqual((user["name"], user["plan"], user["is_active"]), (self.id(), "unlimited", True))
        usage = self.call("GET", "/usage/current").json
        self.assertGreaterEqual(usage["requests"], 3)
        self.assertEqual(self.call("GET", "/usage/profile").json["usage"]["builds"], 0)


if __name__ == "__main__":
    unittest.main()
