"""Plans and their requests a minute, wrong keys by address, what is counted of a key."""

import signal
import unittest

from support import System, wait_for


def codes(answers):
    return [answer.status for answer in answers]


class PlansTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System(workers=0)
        cls.system.__enter__()
        cls.addClassCleanup(cls.system.__exit__)

    def key(self, account, plan=None):
        more = ["--plan", plan] if plan else []
        return self.system.run("trainyard", "keys", "create", "--account", account, *more)

    def test_basic_has_100_a_minute_and_is_told_when_to_come_again(self):
        key = self.key("basic", "basic")
        answers = [self.system.call("GET", "/models", key=key) for _ in range(110)]
        self.assertEqual(codes(answers[:100]), [200] * 100)
        refused = [answer for answer in answers if answer.status != 200]
        self.assertGreaterEqual(len(refused), 1)
        for answer in refused:
            self.assertEqual(answer.status, 429)
            self.assertEqual(answer.json["error"]["code"], "rate_limit_exceeded")
            self.assertIn("100 requests a minute", answer.json["error"]["message"])
            self.assertEqual(answer.headers["retry-after"], "1")
        # the predict port takes from the same bucket; other keys of the account have their own
        port = self.system.predict_port
        infer = [
            self.system.call("POST", "/models/none/1/infer", {}, key=key, port=port) for _ in range(5)
        ]
        self.assertIn(429, codes(infer))
        self.assertEqual(self.system.call("GET", "/models", key=self.key("basic")).status, 200)
        # a plan is changed while the API runs
        self.system.run("trainyard", "accounts", "set", "--account", "basic", "--plan", "unlimited")
        wait_for(
            lambda: [self.system.call("GET", "/models", key=key) for _ in range(20)],
            lambda answers: codes(answers) == [200] * 20,
        )

    def test_an_operators_account_is_unlimited_unless_told(self):
        key = self.key("operator")
        answers = [self.system.call("GET", "/models", key=key) for _ in range(150)]
        self.assertEqual(set(codes(answers)), {200})
        plan = "select plan from accounts where name = 'operator'"
        self.assertEqual(self.system.sql(plan), "unlimited")
        self.system.run("trainyard", "accounts", "set", "--account", "operator", "--plan", "pro")
        self.assertEqual(self.system.sql(plan), "pro")
        self.key("operator")  # leaves the plan alone
        self.assertEqual(self.system.sql(plan), "pro")

    def test_mistakes_of_operators_are_named(self):
        for arguments, wanted in (
            (("accounts", "set", "--account", "nobody", "--plan", "pro"), "no account is named nobody"),
            (("accounts", "set", "--account", "x", "--plan", "gold"), "basic, pro or unlimited"),
            (("keys", "create", "--account", "x", "--plan", "gold"), "basic, pro or unlimited"),
            (("accounts",), "knows: set"),
        ):
            with self.assertRaisesRegex(RuntimeError, wanted):
                self.system.run("trainyard", *arguments)

    def test_use_is_counted_in_the_database_and_at_the_end_too(self):
        key = self.key("counted")
        of = "from keys k join accounts a on a.id = k.account where a.name = 'counted'"
        used = f"select coalesce(sum(u.requests), 0) from key_usage u where u.key_id = (select k.id {of})"
        for _ in range(7):
            self.system.call("GET", "/models", key=key)
        wait_for(lambda: self.system.sql(used), lambda count: count == "7", patience_s=30)
        self.assertEqual(self.system.sql(f"select k.last_used_at > now() - interval '1 min' {of}"), "t")
        for _ in range(5):
            self.system.call("GET", "/models", key=key)
        self.system.stop("api")
        self.assertEqual(self.system.sql(used), "12")
        self.system.start_api()

    def test_a_key_expires_at_its_time(self):
        key = self.key("expiring")
        self.assertEqual(self.system.call("GET", "/models", key=key).status, 200)
        self.system.sql(
            "update keys set expires_at = now() + interval '2 s', changed_at = clock_timestamp()"
            " where account = (select id from accounts where name = 'expiring')"
        )
        answer = wait_for(
            lambda: self.system.call("GET", "/models", key=key), lambda answer: answer.status != 200
        )
        self.assertEqual(answer.status, 401)
        self.assertEqual(answer.json["error"]["details"]["code"], "expired_key")


class FailedKeysTest(unittest.TestCase):
    def test_an_address_that_fails_too_often_is_refused(self):
        with System(workers=0, FAILED_KEYS_PER_15MIN=10) as system:
            self.assertEqual(system.call("GET", "/models").status, 200)
            for number in range(10):
                answer = system.call("GET", "/models", key=f"plx_sk_wrong{number}")
                self.assertEqual(answer.status, 401)
            answer = system.call("GET", "/models", key="plx_sk_wrong_again")
            self.assertEqual(answer.status, 429)
            self.assertEqual(answer.json["error"]["code"], "rate_limit_exceeded")
            self.assertIn(int(answer.headers["retry-after"]), range(800, 901))
            # a key that is known to be good stays good
            self.assertEqual(system.call("GET", "/models").status, 200)
            self.assertEqual(system.stop("api", signal.SIGTERM), 0)


if __name__ == "__main__":
    unittest.main()
