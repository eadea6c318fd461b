#!/usr/bin/python3
"""report.py - does what a reporting tool does, by psycopg2 or by ODBC.

usage: report.py psycopg2|odbc CONNECTION < commands

A command is a line of fields between tabs, an answer too (test/client/tools.t sends the one
and judges the other; Report.java does the same by JDBC):
    catalog                 schemas, then views and columns of mjc_report with their comments
    read                    five rows of each of these views, and what its types become
    ask SQL KIND=VALUE...   a prepared statement with parameters: its rows
    state SQL               the SQLSTATE of a statement
    stream SQL              rows and bytes of a large result, through a server-side cursor
"""

import sys
from datetime import date, datetime, timezone
from decimal import Decimal


class Psycopg2:
    def __init__(self, dsn):
        import psycopg2
        self.error = psycopg2.Error
        self.connection = psycopg2.connect(dsn)
        self.connection.autocommit = True

    def state(self, error):
        return error.pgcode

    def schemas(self):
        return [row[0] for row in self.rows("SELECT schema_name FROM information_schema.schemata")]

    # DB-API has no calls for a catalogue: what tools on psycopg2 (SQLAlchemy) send.
    def views(self):
        return self.rows("SELECT c.relname, obj_description(c.oid, 'pg_class') FROM pg_class c"
                         " WHERE c.relnamespace = 'mjc_report'::regnamespace AND c.relkind = 'v' ORDER BY 1")

    def columns(self, view):
        return self.rows("SELECT a.attname, t.typname, col_description(a.attrelid, a.attnum) FROM pg_attribute a"
                         " JOIN pg_type t ON t.oid = a.atttypid"
                         " WHERE a.attrelid = %s::regclass AND a.attnum > 0 ORDER BY a.attnum", "mjc_report." + view)

    def rows(self, sql, *values):
        with self.connection.cursor() as cursor:
            cursor.execute(sql.replace("?", "%s"), values or None)
            return cursor.fetchall()

    def stream(self, sql):
        cursor = self.connection.cursor("large")
        cursor.itersize = 500
        cursor.execute(sql)
        return cursor


class Odbc:
    def __init__(self, connection):
        import pyodbc
        self.error = pyodbc.Error
        self.connection = pyodbc.connect(connection, autocommit=True)

    def state(self, error):
        return error.args[0]

    def schemas(self):
        return [row.table_schem for row in self.connection.cursor().tables(catalog="", schema="%", table="")]

    def views(self):
        found = self.connection.cursor().tables(schema="mjc_report", tableType="VIEW")
        return [(row.table_name, row.remarks) for row in found]

    def columns(self, view):
        found = self.connection.cursor().columns(schema="mjc_report", table=view)
        return [(row.column_name, row.type_name, row.remarks) for row in found]

    def rows(self, sql, *values):
        return self.connection.cursor().execute(sql, *values).fetchall()

    def stream(self, sql):
        return self.connection.cursor().execute(sql)    # UseDeclareFetch and Fetch of the connection


def parameter(text):
    kind, value = text.split("=", 1)
    return {"text": str, "integer": int, "numeric": Decimal, "date": date.fromisoformat,
            "time": datetime.fromisoformat}[kind](value)


# A value as text; times in UTC (ODBC knows no zone: there it is the server's, UTC).
def shown(value):
    if value is None:
        return "\\N"
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).strftime("%FT%T.%fZ") if value.tzinfo else value.strftime("%FT%T.%fZ")
    if isinstance(value, list):
        return "{" + ",".join(value) + "}"
    return str(value)


def say(*fields):
    print(*fields, sep="\t", flush=True)


def catalog(db):
    for schema in db.schemas():
        say("schema", schema)
    for view, remark in db.views():
        say("view", view, shown(remark or None))
        for name, kind, comment in db.columns(view):
            say("column", view, name, kind, shown(comment or None))


def read(db):
    for view, _ in db.views():
        try:
            rows = db.rows('SELECT * FROM mjc_report."' + view + '" LIMIT 5')
        except db.error as error:
            say("read", view, db.state(error))
            continue
        say("read", view, len(rows))
        for place, (_, kind, _) in enumerate(db.columns(view)):
            for value in (row[place] for row in rows if row[place] is not None):
                say("type", kind, type(value).__name__)


def state(db, sql):
    try:
        db.connection.cursor().execute(sql)
        return "00000"
    except db.error as error:
        return db.state(error)


def stream(db, sql):
    n = size = 0
    db.connection.autocommit = False
    for row in db.stream(sql):
        n += 1
        size += len(row[1])
    db.connection.rollback()
    db.connection.autocommit = True
    say("stream", n, size)


def main():
    db = {"psycopg2": Psycopg2, "odbc": Odbc}[sys.argv[1]](sys.argv[2])
    sys.stdin.reconfigure(encoding="utf-8")
    sys.stdout.reconfigure(encoding="utf-8")
    for line in sys.stdin:
        command, *fields = line.rstrip("\n").split("\t")
        if command == "catalog":
            catalog(db)
        elif command == "read":
            read(db)
        elif command == "ask":
            values = [parameter(text) for text in fields[1:]]
            if sys.argv[1] == "odbc":   # as the driver has no zone
                values = [v.replace(tzinfo=None) if isinstance(v, datetime) else v for v in values]
            for row in db.rows(fields[0], *values):
                say("row", *map(shown, row))
        elif command == "state":
            say("state", state(db, fields[0]), fields[0])
        elif command == "stream":
            stream(db, fields[0])


main()
