"""Checks every #include of the product against rules.txt.

A broken rule is a design error even where it compiles: data flows one way, and
a third party's library is named in one folder.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.M)
FOLDERS = ("service", "workers", "schemas", "process-descriptions")


def read_rules(path):
    may, only = {}, {}
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        verb, rest = line.split(" ", 1)
        key, _, values = rest.partition(":")
        {"may": may, "only": only}[verb][key.strip()] = values.split()
    return may, only


def below(path, folder):
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def rule_for(path, may):
    """The most specific rule whose folder holds the file."""
    folders = [f for f in may if below(path, f)]
    return max(folders, key=len) if folders else None


def check(root, may, only):
    problems = []
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in (".h", ".cc"):
                continue
            path = file.relative_to(root).as_posix()
            rule = rule_for(path, may)
            if rule is None:
                problems.append(f"{path}: no rule for this folder")
                continue
            for quote, target in INCLUDE.findall(file.read_text("utf-8")):
                for prefix, homes in only.items():
                    if target.startswith(prefix) and not any(
                            below(path, home) for home in homes):
                        problems.append(
                            f"{path}: <{target}> belongs to "
                            f"{' and '.join(homes)} alone")
                ours = quote == '"' and any(below(target, f) for f in FOLDERS)
                if not ours:
                    continue
                owner = pathlib.PurePosixPath(path).parent.as_posix()
                allowed = [owner, rule, *may[rule]]
                if not any(below(target, a) for a in allowed):
                    problems.append(f"{path}: must not include {target}")
                if not (root / target).exists() and not target.endswith(
                        "_embedded.h"):
                    problems.append(f"{path}: {target} does not exist")
            if file.suffix == ".h" and "#pragma once" not in file.read_text(
                    "utf-8"):
                problems.append(f"{path}: no #pragma once")
    return problems


def main():
    may, only = read_rules(pathlib.Path(__file__).with_name("rules.txt"))
    problems = check(ROOT, may, only)
    print("\n".join(problems) if problems else "every include keeps the rules")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
