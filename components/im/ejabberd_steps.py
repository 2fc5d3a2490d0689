"""What has no file in ejabberd: tables, membership, and our own modules."""

from typing import TYPE_CHECKING

from components.data_stores.databases import IM_DATABASE
from components.im.ejabberd_files import DATABASE_SERVICE, MEMBER, MODULES, peers
from components.plan import HostPlan
from components.resources import Step

if TYPE_CHECKING:
    from components.settings import DeploymentSettings

SCHEMA = "/usr/share/ejabberd/sql/pg.new.sql"


def steps(settings: "DeploymentSettings", host: HostPlan) -> dict[str, Step]:
    """The tables, and with several hosts the membership, both before ejabberd serves; then who has to be forgotten."""
    database = f"service={IM_DATABASE.name}"
    psql = f"export PGSERVICEFILE={DATABASE_SERVICE}; psql {database} -X -q -v ON_ERROR_STOP=1"
    loaded = "select case when to_regclass('public.users') is null then 'no tables' else 'tables of ejabberd' end"
    # A database that was lost and founded anew knows no ejabberd: that is a state, not a failure to read one.
    refused = f"{{ pg_isready -q -d {database} && echo login is refused; }}"
    schema = Step(
        read=f'{psql} -A -t -c "{loaded}" || {refused}',
        want="tables of ejabberd",
        act=f"{psql} -1 -f {SCHEMA}",
        when="before_start",
    )
    data = Step(read=f"{MEMBER} data", want="ours or none", act=f"{MEMBER} take", when="before_start")
    first = {"data": data, "schema": schema, "own modules": own_modules()}
    if not peers(settings, host):
        return first
    member = Step(
        read=f"{MEMBER} state",
        want="member",
        act=f"{MEMBER} join",
        after=tuple(first),
        when="before_start",
        seconds=300,
    )
    forget = Step(read=f"{MEMBER} strangers", want="none", act=f"{MEMBER} forget")
    return {**first, "member": member, "no member that is gone": forget}


def own_modules() -> Step:
    """Made from their text on the host, for the Erlang that is there."""
    return Step(
        read=f"cd {MODULES} && sha256sum --status --check made 2>/dev/null && echo made || echo not made",
        want="made",
        act=f"cd {MODULES} && rm -f *.beam && erlc *.erl && sha256sum *.erl *.beam >made",
        when="before_start",
    )
