#!/usr/bin/python3 -I
# managed by Pulumi; edit components/templates/postgresql/postgresql_object.py
"""Roles and databases: role NAME | set-role NAME [ATTRIBUTE] | database NAME OWNER | set-database NAME OWNER |
reader NAME DATABASE | set-reader NAME DATABASE; and what ALTER SYSTEM has set here: altered | reset-altered.

Runs as the user postgres. A replica reads as declared: it cannot differ from its primary, where the same is asked.
"""

import base64
import hashlib
import hmac
import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

PASSWORDS = Path("/etc/postgresql/im.pgpass")
ITERATIONS = 4096
"""PostgreSQL's own number, for verifiers it makes itself."""

MORE_RIGHTS = "rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls"
MARK = "pg_create_restore_point(text)"
"""Marks a moment in the log, and changes no data."""
ORPHANS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE usesysid NOT IN (SELECT oid FROM pg_roles)"""
"""A role that is made anew has another number: sessions of the dropped one may do nothing, and must log in again."""
STRANGERS = """SELECT format('ALTER TABLE %I.%I OWNER TO {owner};', nspname, relname)
FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
AND pg_get_userbyid(relowner) <> '{owner}'
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_class.oid AND d.deptype IN ('a', 'i', 'e'))"""


def psql(sql: str, database: str = "postgres", user: str = "postgres") -> subprocess.CompletedProcess[str]:
    command = ["psql", "-XAtqw", "-v", "ON_ERROR_STOP=1", "-U", user, database]
    environment = {**os.environ, "PGPASSFILE": str(PASSWORDS), "PGCONNECT_TIMEOUT": "5"}
    return subprocess.run(command, input=sql, env=environment, capture_output=True, text=True, check=False)


def query(sql: str, database: str = "postgres") -> str:
    answer = psql(sql, database)
    if answer.returncode:
        sys.exit(answer.stderr.strip())
    return answer.stdout.strip()


def is_replica() -> bool:
    return query("SELECT pg_is_in_recovery()") == "t"


def role(name: str) -> str:
    if is_replica():
        return "login works"
    rights = query(f"SELECT {MORE_RIGHTS} FROM pg_roles WHERE rolname = '{name}'")  # noqa: S608 - names are our own
    if not rights:
        return "there is no such role"
    if psql("SELECT 1", user=name).returncode:
        return "login is refused"
    return "login works" if rights == "f" else "login works, with more rights than declared"


def set_role(name: str, attribute: str = "NOREPLICATION") -> None:
    """The password goes to PostgreSQL as a verifier, so that it stands in no log."""
    exists = query(f"SELECT 1 FROM pg_roles WHERE rolname = '{name}'")  # noqa: S608 - names are our own
    rights = f"LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOBYPASSRLS {attribute}"
    query(f"{'ALTER' if exists else 'CREATE'} ROLE {name} {rights} PASSWORD '{verifier(password(name))}'")
    query(ORPHANS)


def password(name: str) -> str:
    entries = [line.split(":") for line in PASSWORDS.read_text().splitlines()]
    return next(entry[4] for entry in entries if entry[3] == name)


def verifier(text: str) -> str:
    """RFC 5803, as PostgreSQL stores it."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", text.encode(), salt, ITERATIONS)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (base64.b64encode(part).decode() for part in (salt, stored_key, server_key))
    return f"SCRAM-SHA-256${ITERATIONS}:{salt64}${stored64}:{server64}"


def database(name: str, owner: str) -> str:
    if is_replica():
        return f"owned by {owner}"
    found = query(f"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '{name}'")  # noqa: S608 - our own
    if not found:
        return "there is no such database"
    strangers = len(query(STRANGERS.format(owner=owner), name).splitlines())
    return f"owned by {found}" + (f", {strangers} of its tables and sequences by somebody else" if strangers else "")


def set_database(name: str, owner: str) -> None:
    if not query(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):  # noqa: S608 - names are our own
        query(f"CREATE DATABASE {name} OWNER {owner} TEMPLATE template0")
    query(f"ALTER DATABASE {name} OWNER TO {owner}")
    query(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
    query(query(STRANGERS.format(owner=owner), name), name)


def reader(name: str, database: str) -> str:
    if is_replica():
        return "reads everything"
    found = query(
        f"SELECT {MORE_RIGHTS}, rolcanlogin AND pg_has_role(oid, 'pg_read_all_data', 'USAGE')"  # noqa: S608 - our own
        f" AND has_function_privilege(oid, '{MARK}', 'EXECUTE')"
        f" AND has_database_privilege(oid, '{database}', 'CONNECT') FROM pg_roles WHERE rolname = '{name}'",
        database,
    )
    if not found:
        return "there is no such role"
    return {"f|t": "reads everything", "f|f": "does not read everything"}.get(found, "has more rights than declared")


def set_reader(name: str, database: str) -> None:
    """Without a password: it logs in with a certificate."""
    exists = query(f"SELECT 1 FROM pg_roles WHERE rolname = '{name}'")  # noqa: S608 - names are our own
    rights = "LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOBYPASSRLS NOREPLICATION PASSWORD NULL"
    query(f"{'ALTER' if exists else 'CREATE'} ROLE {name} {rights}")
    query(f"GRANT pg_read_all_data TO {name}; GRANT CONNECT ON DATABASE {database} TO {name}")
    query(f"GRANT EXECUTE ON FUNCTION {MARK} TO {name}", database)


def altered() -> str:
    """The names alone: a value may be a secret."""
    names = query("SELECT name FROM pg_file_settings WHERE sourcefile LIKE '%/postgresql.auto.conf' ORDER BY name")
    return names or "nothing"


def reset_altered() -> None:
    """What only a restart can set stays until then."""
    query("ALTER SYSTEM RESET ALL")
    query("SELECT pg_reload_conf()")


READ: dict[str, Callable[..., str]] = {"role": role, "database": database, "reader": reader, "altered": altered}
WRITE: dict[str, Callable[..., None]] = {
    "set-role": set_role,
    "set-database": set_database,
    "set-reader": set_reader,
    "reset-altered": reset_altered,
}

if __name__ == "__main__":
    os.chdir("/")
    command, *names = sys.argv[1:]
    if command in READ:
        print(READ[command](*names))
    else:
        WRITE[command](*names)
