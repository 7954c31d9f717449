"""Compares two tables with another tool and prints the seconds that it took, imports left out.

peers.py PEER DATABASE FOLDER: DATABASE is a DuckDB file with `base` and `head`, FOLDER holds both as parquet.
"""

import sys
import time

KEY = ["feature_id", "account_id", "app_id"]


def data_diff(database, _folder):
    import data_diff

    uri = f"duckdb:///{database}"
    rest = ["day", "first_seen", "events", "users", "minutes", "score", "adoption_rate", "revenue", "region", "note"]
    start = time.perf_counter()
    sides = [
        data_diff.connect_to_table({"driver": "duckdb", "filepath": database}, name, tuple(KEY), extra_columns=tuple(rest))
        for name in ("base", "head")
    ]
    rows = list(data_diff.diff_tables(*sides, algorithm=data_diff.Algorithm.JOINDIFF))
    took = time.perf_counter() - start
    assert len(rows) == 74, f"{len(rows)} rows instead of 74 ({uri})"
    return took


def datacompy(_database, folder):
    import datacompy
    import polars

    start = time.perf_counter()
    base, head = (polars.read_parquet(f"{folder}/{name}.parquet") for name in ("base", "head"))
    compared = datacompy.PolarsCompare(base, head, join_columns=KEY, rel_tol=1e-9, abs_tol=0)
    compared.report()
    took = time.perf_counter() - start
    assert compared.count_matching_rows() == len(base) - 37, compared.count_matching_rows()
    return took


if __name__ == "__main__":
    peer, database, folder = sys.argv[1:]
    print({"data-diff": data_diff, "datacompy": datacompy}[peer](database, folder))
