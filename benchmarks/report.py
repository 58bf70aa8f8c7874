"""Make the tables of the documentation from the JSON of runs: ``python -m benchmarks.report``."""

from __future__ import annotations

import argparse
import json
import typing as t
from collections.abc import Iterator
from pathlib import Path

from benchmarks.contestants import BASELINE

_TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def table_of_run(result: dict[str, t.Any]) -> str:
    """Return a Markdown table of the ratios of one ``benchmarks.run``."""
    kinds = list(result["databases"])
    rows = [["", "", *(f"{_TITLES[kind]}, ms" for kind in kinds), *map(_ratio_title, kinds)]]
    for operation, by_name in result["databases"][kinds[0]].items():
        for name in by_name:
            cells = [result["databases"][kind][operation][name] for kind in kinds]
            rows.append(
                [
                    operation,
                    name,
                    *(f"{cell['cpu_ms']:.2f}" for cell in cells),
                    *(f"{cell['cpu_ratio']:.2f}" for cell in cells),
                ]
            )
    return "\n".join([*_markdown(rows), "", conditions(result)])


def table_of_load(result: dict[str, t.Any]) -> str:
    """Return a Markdown table of one ``benchmarks.load``."""
    rows = [["", "", "requests a second", "to NAIVE", "p99, ms", "CPU, ms"]]
    for kind, by_name in result["databases"].items():
        for name, row in by_name.items():
            rows.append(
                [
                    _TITLES[kind],
                    name,
                    f"{row['rate']:.0f}",
                    f"{row['rate_ratio']:.1f}",
                    f"{row['p99_ms']:.1f}",
                    f"{row['worker_ms'] + row['database_ms']:.2f}",
                ]
            )
    return "\n".join([*_markdown(rows), "", conditions(result)])


def conditions(result: dict[str, t.Any]) -> str:
    """Return one sentence that says on what a run was made."""
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    options = ", ".join(f"{value} {name}" for name, value in result["options"].items())
    return (
        f"Made on {result['made_on']} with {options}, on {result['cores']} cores:"
        f" Python {result['python']}, SQLite {result['sqlite']}, {versions}."
    )


def _ratio_title(kind: str) -> str:
    return f"{_TITLES[kind]}, to {BASELINE}"


def _markdown(rows: list[list[str]]) -> Iterator[str]:
    head, *body = rows
    yield _line(head)
    yield _line(["---", "---", *["---:"] * (len(head) - 2)])
    yield from map(_line, body)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


_TABLES = {"run": table_of_run, "load": table_of_load}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    parser.add_argument("of", choices=_TABLES)
    parser.add_argument("json", type=Path, help="what --json wrote")
    options = parser.parse_args()
    print(_TABLES[options.of](json.loads(options.json.read_text())))


if __name__ == "__main__":
    main()
