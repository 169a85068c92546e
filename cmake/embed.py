"""Writes files into a C source, so that a program needs none of them: embed.py OUT NAME=FILE...

Each becomes `const char NAME[]`, ended by a zero, and `const size_t NAME_length`. A YAML file is
written as JSON.
"""

import json
import sys


def content(path):
    with open(path, "rb") as file:
        data = file.read()
    if path.endswith(".yaml"):
        import yaml

        data = json.dumps(yaml.safe_load(data), separators=(",", ":"), ensure_ascii=False).encode()
    return data


def main(out, *pairs):
    lines = ['/* Made by cmake/embed.py. */', '#include "api/pages.h"']
    for pair in pairs:
        name, path = pair.split("=", 1)
        data = content(path)
        numbers = ",".join(map(str, data + b"\0"))
        lines.append(f"const char {name}[] = {{{numbers}}};")
        lines.append(f"const size_t {name}_length = {len(data)};")
    with open(out, "w") as file:
        file.write("\n".join(lines) + "\n")


main(*sys.argv[1:])
