"""Makes a pgbench script of the statements that PostgreSQL logged for one request.

usage: pgbench_script.py LOG FROM_BYTE reading|create NEEDLE > SCRIPT

The log is read from a byte on. Statements are those of the session that ran one with NEEDLE in its
text: for reading those that ask for an account's, for create from begin to commit. Parameters become literals; of a create,
those that name what is made get a random number appended, so that each transaction makes another.
"""
import re
import sys

PARAMETER = re.compile(r"\$(\d+) = (NULL|'(?:[^']|'')*')")
NEW = re.compile(r"'((?:mdl|ver|job)_[0-9a-z]+|probe-[a-z0-9-]+)'")


def sessions(text):
    """[(pid, statement, {number: literal})] in order."""
    found = []
    for entry in re.split(r"(?m)^(?=pid\d+ )", text):
        match = re.match(r"pid(\d+) (\w+):  (.*)", entry, re.S)
        if not match:
            continue
        pid, kind, rest = match[1], match[2], match[3].strip()
        if kind == "LOG" and re.match(r"(execute|statement)\b", rest):
            found.append([pid, re.sub(r"^[^:]*: ", "", rest, count=1), {}])
        elif kind == "DETAIL" and found and found[-1][0] == pid:
            found[-1][2] = {int(n): value for n, value in PARAMETER.findall(rest)}
    return found


def literal(value, create):
    if create and NEW.fullmatch(value):
        return f"({value} || :made::bigint)"
    if re.search(r":\w", value):  # pgbench would take it for a variable of its own
        return "E" + value.replace("\\", "\\\\").replace(":", "\\x3a")
    return value


def script(statements, create):
    lines = ["\\set made random(1, 1000000000000000)"] if create else []
    for _, statement, parameters in statements:
        lines.append(re.sub(r"\$(\d+)(?!\d)", lambda m: literal(parameters[int(m[1])], create), statement) + ";")
    return "\n".join(lines) + "\n"


def main(path, start, kind, needle):
    with open(path, "rb") as log:
        log.seek(int(start))
        all_of_it = sessions(log.read().decode())
    pid = [pid for pid, statement, given in all_of_it
           if needle in statement and any(value.startswith("'user_") for value in given.values())][-1]
    own = [entry for entry in all_of_it if entry[0] == pid]
    if kind == "create":
        at = max(n for n, entry in enumerate(own) if needle in entry[1])
        first = max(n for n in range(at) if own[n][1].lower().startswith("begin"))
        last = min(n for n in range(at, len(own)) if own[n][1].lower().startswith("commit"))
        own = own[first:last + 1]
    else:
        own = [entry for entry in own if needle in entry[1] and any(v.startswith("'user_") for v in entry[2].values())]
    sys.stdout.write(script(own, kind == "create"))


main(*sys.argv[1:])
