"""What is asked of a host beside the declared things: files that settings are read from, and a few questions.

Everything here only reads. A program that is not there is no answer.
"""

from collections.abc import Mapping

CHRONY = "/etc/chrony/chrony.conf"
HOSTS = "/etc/hosts"
JOURNAL = "/etc/systemd/journald.conf"
POSTGRESQL = "/etc/postgresql/15/main/postgresql.conf"
HAPROXY = "/etc/haproxy/haproxy.cfg"
REDIS = "/etc/redis/redis.conf"
EJABBERD = "/etc/ejabberd/ejabberd.yml"
TEXTS = (CHRONY, HOSTS, JOURNAL, POSTGRESQL, HAPROXY, REDIS, EJABBERD)

CLUSTERS = "/var/lib/postgresql/*/*/PG_VERSION"
QUEUES = "/var/lib/rabbitmq/mnesia/*/schema.DAT"
ACCOUNTS = "/var/lib/ejabberd/passwd.D*"
SIZES = (CLUSTERS, QUEUES, ACCOUNTS)

PROBES: Mapping[str, str] = {
    "host name": "hostname",
    "sshd": "sshd -T",
    "rabbitmq users": "rabbitmqctl -q list_users --silent",
}
