"""Time per query of one peer on the same queries: peers.py NAME QUERIES SCHEMA ROUNDS -> milliseconds per query.

The least of several rounds, as for ours: a machine under load only ever adds time.
"""

import json
import sys
import time


def sqlglot_all_columns(tables):
    from sqlglot.lineage import lineage

    schema = {table: {column: "varchar" for column in columns} for table, columns in tables.items()}
    return lambda sql: lineage(None, sql, schema=schema, dialect="duckdb")


def polyglot_all_facts(tables):
    import polyglot_sql

    described = [
        {"name": table, "columns": [{"name": column, "type": "varchar"} for column in columns]}
        for table, columns in tables.items()
    ]
    options = {"dialect": "duckdb", "schema": {"tables": described}}
    return lambda sql: polyglot_sql.analyze_query(sql, options, dialect="duckdb")


def main():
    name, queries, schema, rounds = sys.argv[1:5]
    with open(schema, encoding="utf-8") as file:
        tables = json.load(file)
    with open(queries, encoding="utf-8") as file:
        texts = [text.strip() for text in file.read().split(";\n") if text.strip()]
    work = {"sqlglot": sqlglot_all_columns, "polyglot": polyglot_all_facts}[name](tables)
    best = None
    for _ in range(int(rounds) + 1):
        start = time.perf_counter()
        for sql in texts:
            work(sql)
        took = time.perf_counter() - start
        best = took if best is None else min(best, took)
    print(best * 1000 / len(texts))


main()
