"""A schema as the database itself describes it: one fact a line, to be compared with another's."""

from collections.abc import Iterator

from sqlalchemy import Connection, MetaData, create_engine, text

_SQLITE = text("SELECT tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL")

_COLUMNS = text("""
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
           CASE WHEN a.attnotnull THEN 'NOT NULL' ELSE 'NULL' END,
           coalesce(pg_get_expr(d.adbin, d.adrelid), '')
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relnamespace = current_schema()::regnamespace
      AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
""")
_CONSTRAINTS = text("""
    SELECT c.relname, o.conname, pg_get_constraintdef(o.oid)
    FROM pg_constraint o
    JOIN pg_class c ON c.oid = o.conrelid
    WHERE o.connamespace = current_schema()::regnamespace
""")
_INDEXES = text("""
    SELECT c.relname, pg_get_indexdef(i.indexrelid, 0, true)
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
""")

_SCRATCH = "wheelyard_declared"


def describe(connection: Connection) -> set[str]:
    """Return the facts of the schema that a connection works in."""
    facts = _sqlite_facts if connection.dialect.name == "sqlite" else _postgresql_facts
    return set(facts(connection))


def describe_declared(connection: Connection, metadata: MetaData) -> set[str]:
    """Return the facts of a schema that is made from declared tables, then thrown away."""
    if connection.dialect.name == "sqlite":
        scratch = create_engine("sqlite://")
        with scratch.begin() as apart:
            metadata.create_all(apart)
            return describe(apart)
    with connection.begin_nested() as attempt:
        connection.execute(text(f"CREATE SCHEMA {_SCRATCH}"))
        connection.execute(text(f"SET LOCAL search_path TO {_SCRATCH}"))
        metadata.create_all(connection, checkfirst=False)
        facts = describe(connection)
        attempt.rollback()
    return facts


def _postgresql_facts(connection: Connection) -> Iterator[str]:
    for query in (_COLUMNS, _CONSTRAINTS, _INDEXES):
        for table, *fact in connection.execute(query):
            yield f"{table}: {' '.join(fact).strip()}"


def _sqlite_facts(connection: Connection) -> Iterator[str]:
    for table, sql in connection.execute(_SQLITE):
        statement = " ".join(sql.split())
        if not statement.startswith("CREATE TABLE"):
            yield f"{table}: {statement}"
            continue
        body = statement[statement.index("(") + 1 : statement.rindex(")")]
        for part in _parts(body):
            yield f"{table}: {part}"


def _parts(body: str) -> Iterator[str]:
    """Yield what the commas of a CREATE TABLE separate, brackets left whole."""
    depth = 0
    part = ""
    for character in body:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            yield part.strip()
            part = ""
        else:
            part += character
    yield part.strip()
