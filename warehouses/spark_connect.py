#!/usr/bin/env python3
"""Answers Rowproof's queries from a Spark cluster, over Spark Connect.

    warehouse:
      engine: command
      command: [python3, /opt/rowproof/spark_connect.py]

One JSON object a line comes in and one goes out; docs/warehouses.md has the protocol. The cluster is named by SPARK_REMOTE
(`sc://host:15002`, with `;use_ssl=true;token=...` where it asks for them). Needs `pip install "pyspark[connect]"` of the
cluster's own version.
"""

import json
import logging
import math
import os
import sys
import threading

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

NAMES = {
    T.BooleanType: "BOOLEAN",
    T.ByteType: "TINYINT",
    T.ShortType: "SMALLINT",
    T.IntegerType: "INTEGER",
    T.LongType: "BIGINT",
    T.FloatType: "FLOAT",
    T.DoubleType: "DOUBLE",
    T.StringType: "VARCHAR",
    T.CharType: "VARCHAR",
    T.VarcharType: "VARCHAR",
    T.BinaryType: "BLOB",
    T.DateType: "DATE",
    T.TimestampNTZType: "TIMESTAMP",
    T.TimestampType: "TIMESTAMP WITH TIME ZONE",
    T.NullType: "VARCHAR",
}
# What Python and JSON hold as Spark does; everything else comes as the text that Spark makes of it.
AS_THEY_ARE = (T.BooleanType, T.ByteType, T.ShortType, T.IntegerType, T.LongType, T.FloatType, T.DoubleType, T.StringType)


def main():
    # Its errors are answers here; on the terminal each would come again with a page of Java.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    spark = connect()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = ask(spark, request)
        except Exception as error:  # Whatever it is, it is the answer to this query, and the next may fare better.
            answer = {"error": message(error)}
        print(json.dumps(answer), flush=True)


def connect():
    remote = os.environ.get("SPARK_REMOTE", "")
    if not remote:
        sys.exit("SPARK_REMOTE is not set; it names the cluster, as sc://host:15002")
    spark = SparkSession.builder.remote(remote).getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    # So that whoever runs the cluster sees whose queries these are, and a late one can be stopped.
    spark.addTag("rowproof")
    return spark


def ask(spark, request):
    late = threading.Timer(request.get("timeout", 300), spark.interruptTag, ["rowproof"])
    late.daemon = True
    late.start()
    try:
        return rows(spark, request)
    finally:
        late.cancel()


def rows(spark, request):
    most = request["max_rows"]
    # Within brackets only a query can stand, so that nothing is ever written.
    frame = spark.sql(f"select * from (\n{request['sql']}\n) as rowproof")
    fields = frame.schema.fields
    # By place: two columns may have one name.
    frame = frame.toDF(*(f"c{at}" for at in range(len(fields))))
    frame = frame.select(*(plain(field.dataType, f"c{at}") for at, field in enumerate(fields)))
    found = frame.limit(most + 1).collect()
    if len(found) > most:
        raise ValueError(f"the query gives more than {most} rows")
    return {
        "columns": [[field.name, type_name(field.dataType)] for field in fields],
        "rows": [[value(cell) for cell in row] for row in found],
    }


def plain(data_type, name):
    column = F.col(name)
    if isinstance(data_type, T.BinaryType):
        return F.lower(F.hex(column)).alias(name)
    return column if isinstance(data_type, AS_THEY_ARE) else column.cast("string").alias(name)


def type_name(data_type):
    if isinstance(data_type, T.DecimalType):
        return f"DECIMAL({data_type.precision},{data_type.scale})"
    return NAMES.get(type(data_type)) or data_type.simpleString().upper()


def value(cell):
    if isinstance(cell, float) and not math.isfinite(cell):
        return "NaN" if math.isnan(cell) else ("inf" if cell > 0 else "-inf")
    return cell


def message(error):
    """The first line that says what is wrong: Spark's own, without the plan and the Java behind it."""
    own = getattr(error, "getMessage", lambda: None)() or str(error)
    if "OPERATION_CANCELED" in own:
        return "stopped by the time limit of one query"
    return own.strip().split("\n")[0]


if __name__ == "__main__":
    main()
