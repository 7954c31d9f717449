#!/usr/bin/env python3
"""Answers Rowproof's queries through a dbt adapter, whichever it is: the road to engines that have no driver of their own.

    warehouse:
      engine: command
      command: [/opt/dbt/bin/python, /opt/rowproof/dbt_adapter.py, --profile, shop, --target, prod]

One JSON object a line comes in and one goes out; docs/warehouses.md has the protocol. The profile is read from
DBT_PROFILES_DIR or ~/.dbt; of the project nothing is read, so that nothing of it runs. Needs dbt-core 1.8 or later and the
adapter, in the Python that runs this.
"""

import argparse
import datetime
import decimal
import json
import math
import os
import re
import sys
import tempfile
import threading

# The adapter talks on standard output, which is ours.
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

# What adapters call their types, in DuckDB's words.
NAMES = {
    "BIGINT": ("bigint", "int8", "int64", "long", "longinteger"),
    "INTEGER": ("integer", "int", "int4", "int32"),
    "SMALLINT": ("smallint", "int2", "short"),
    "TINYINT": ("tinyint", "byte", "int1"),
    "HUGEINT": ("hugeint", "int128"),
    "DOUBLE": ("double", "double precision", "float8", "float64", "float"),
    "FLOAT": ("real", "float4"),
    "NUMERIC": ("numeric", "decimal", "number", "bignumeric", "fixed"),
    "BOOLEAN": ("boolean", "bool"),
    "VARCHAR": ("varchar", "text", "string", "character varying", "char", "character", "bpchar", "nvarchar"),
    "DATE": ("date",),
    "TIME": ("time", "time without time zone"),
    "TIMESTAMP": ("timestamp", "timestamp without time zone", "datetime", "timestamp_ntz", "datetime2"),
    "TIMESTAMP WITH TIME ZONE": ("timestamptz", "datetimetz", "timestamp with time zone", "timestamp_tz", "timestamp_ltz"),
    "BLOB": ("blob", "bytea", "binary", "varbinary", "bytes"),
    # The second is what the adapter of PostgreSQL makes of its number.
    "UUID": ("uuid", "unknown type_code 2950"),
}
WORDS = {theirs: ours for ours, all_theirs in NAMES.items() for theirs in all_theirs}


def main():
    args = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    args.add_argument("--profile", required=True, help="name in profiles.yml")
    args.add_argument("--target", help="target of the profile (default: its own)")
    args = args.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        adapter = connect(args, folder)
        with adapter.connection_named("rowproof"):
            session(adapter)
            for line in sys.stdin:
                request = json.loads(line)
                late = threading.Timer(request.get("timeout", 300), cancel, [adapter])
                late.daemon = True
                late.start()
                try:
                    answer = rows(adapter, request)
                except Exception as error:  # Whatever it is, it is the answer to this query, and the next may fare better.
                    answer = {"error": " ".join(str(error).split())}
                    adapter.release_connection()
                    adapter.acquire_connection("rowproof")
                    session(adapter)
                late.cancel()
                print(json.dumps(answer), file=ANSWERS, flush=True)


def connect(args, folder):
    from dbt.adapters.factory import get_adapter, register_adapter
    from dbt.config.runtime import RuntimeConfig
    from dbt.flags import set_from_args
    from dbt.mp_context import get_mp_context

    with open(os.path.join(folder, "dbt_project.yml"), "w", encoding="utf-8") as file:
        file.write(f"name: rowproof\nprofile: {json.dumps(args.profile)}\n")
    profiles = os.environ.get("DBT_PROFILES_DIR") or os.path.expanduser("~/.dbt")
    asked = argparse.Namespace(
        project_dir=folder, profiles_dir=profiles, profile=args.profile, target=args.target, threads=1, vars={},
        which="show", log_path=folder, log_level="none", log_level_file="none", send_anonymous_usage_stats=False,
        use_colors=False, REQUIRE_RESOURCE_NAMES_WITHOUT_SPACES=False,
    )  # fmt: skip
    set_from_args(asked, None)
    config = RuntimeConfig.from_args(asked)
    register_adapter(config, get_mp_context())
    return get_adapter(config)


def cancel(adapter):
    """Cancels what the other thread waits for; some engines are told so in a connection of its own."""
    with adapter.connection_named("rowproof-cancel"):
        adapter.cancel_open_connections()


def session(adapter):
    """Times in UTC, and nothing but reading, where a statement says so."""
    kind = adapter.type()
    statements = ["set timezone = 'UTC'"] if kind in ("postgres", "redshift", "duckdb") else []
    if kind == "postgres":
        statements.append("set transaction read only")
    for statement in statements:
        adapter.connections.add_query(statement, auto_begin=False)


def rows(adapter, request):
    # Within brackets only a query can stand, so that nothing is ever written.
    sql = f"select * from (\n{request['sql']}\n) as rowproof"
    columns = [[column.name, type_name(column.data_type)] for column in described(adapter, sql)]
    _, cursor = adapter.connections.add_query(sql, auto_begin=False)
    found = cursor.fetchmany(request["max_rows"] + 1)
    if len(found) > request["max_rows"]:
        raise ValueError(f"the query gives more than {request['max_rows']} rows")
    return {"columns": columns, "rows": [[value(cell) for cell in row] for row in found]}


def described(adapter, sql):
    return adapter.get_column_schema_from_query(f"select * from (\n{sql}\n) as described where 1 = 0")


def type_name(written):
    bare = re.sub(r"\s*\(.*?\)", "", written).strip().lower()
    ours = WORDS.get(bare, written.upper())
    bounds = re.search(r"\(\s*(\d+)\s*,\s*(\d+)\s*\)", written)
    if ours == "NUMERIC" and bounds:
        return f"DECIMAL({bounds[1]},{bounds[2]})"
    return ours


def value(cell):
    if cell is None or isinstance(cell, (bool, int)):
        return cell
    if isinstance(cell, float):
        if math.isfinite(cell):
            return cell
        return "NaN" if math.isnan(cell) else ("inf" if cell > 0 else "-inf")
    if isinstance(cell, decimal.Decimal):
        return format(cell, "f")
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(" ")
    if isinstance(cell, (bytes, bytearray, memoryview)):
        return bytes(cell).hex()
    return str(cell)


if __name__ == "__main__":
    main()
