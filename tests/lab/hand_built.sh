#!/bin/sh
# A server as a plain administrator sets it up, years before anybody thinks of this project: run on a bare host.
set -eu
cd /
export DEBIAN_FRONTEND=noninteractive
say() { runuser -u postgres -- psql -Xq -v ON_ERROR_STOP=1 "$@"; }

apt-get -qq update
apt-get -qq install -y --no-install-recommends \
    postgresql-15 rabbitmq-server redis-server ejabberd haproxy chrony cron sudo curl >/dev/null

# A database with rows that nobody may lose.
echo "work_mem = 8MB" >>/etc/postgresql/15/main/postgresql.conf
systemctl restart postgresql
say -c "CREATE ROLE shop LOGIN PASSWORD 'made-by-hand'" -c "CREATE DATABASE shop OWNER shop"
say -d shop -c "CREATE TABLE orders (id int PRIMARY KEY, what text); ALTER TABLE orders OWNER TO shop;
    INSERT INTO orders SELECT n, 'order ' || n FROM generate_series(1, 5000) n"

# A queue with messages, and the application that reads them.
rabbitmqctl -q add_user shop made-by-hand
rabbitmqctl -q set_permissions shop '.*' '.*' '.*'
rabbitmqctl -q eval '
    Queue = rabbit_misc:r(<<"/">>, queue, <<"orders">>),
    {_, _} = rabbit_amqqueue:declare(Queue, true, false, [], none, <<"hand">>),
    Exchange = rabbit_misc:r(<<"/">>, exchange, <<>>),
    [rabbit_basic:publish(Exchange, <<"orders">>, [{delivery_mode, 2}], <<"order ", (integer_to_binary(N))/binary>>)
     || N <- lists:seq(1, 25)],
    ok.' >/dev/null

redis-cli set greeting hello >/dev/null
ejabberdctl register alice localhost made-by-hand >/dev/null

# The rest of the server.
cat >/etc/haproxy/haproxy.cfg <<'END'
global
    maxconn 3000
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend shop
    bind *:8081
    http-request return status 200 content-type text/plain string "shop"
END
systemctl restart haproxy
printf 'server 10.77.205.1 iburst\nmakestep 1 3\n' >/etc/chrony/chrony.conf
printf 'PermitRootLogin yes\nX11Forwarding yes\n' >/etc/ssh/sshd_config.d/10-hand.conf
systemctl reload ssh
useradd --create-home --shell /bin/bash --groups sudo carol
install -d -m 700 -o carol -g carol /home/carol/.ssh
echo "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOOD5NqvDVsr35uniraQMFqfOMmQtaNRGB91PWcwq1cc carol" >/home/carol/.ssh/authorized_keys
chown carol: /home/carol/.ssh/authorized_keys
echo "10.77.205.99 backup.hand.test backup" >>/etc/hosts
echo "15 3 * * * root /usr/local/bin/nightly" >/etc/cron.d/nightly
printf '#!/bin/sh\nexit 0\n' >/usr/local/bin/nightly
chmod 755 /usr/local/bin/nightly
cat >/etc/systemd/system/shop.service <<'END'
[Service]
ExecStart=/usr/bin/python3 -m http.server 8090 --bind 127.0.0.1 --directory /srv
[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable --now --quiet shop.service
echo "hand-built"
