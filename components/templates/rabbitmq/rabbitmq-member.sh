#!/bin/sh
# managed by Pulumi; edit components/templates/rabbitmq/rabbitmq-member.sh
# The membership of this host in the RabbitMQ cluster:
# state | admit | replicas | grow | strangers | forget | drain | leave | abandon | stopping
set -eu
# shellcheck source=/dev/null
. /etc/rabbitmq/rabbitmq-env.conf
data=/var/lib/rabbitmq/mnesia/$NODENAME
accepted=/var/lib/rabbitmq/im-accepted
own_address=${NODENAME#rabbit@}

fail() {
    echo "$NODENAME: $1" >&2
    exit 1
}

# Asked first, because rabbitmqctl takes long to find that nothing runs there.
listens() {
    python3 -I -c 'import socket, sys; socket.create_connection((sys.argv[1], 25672), 3).close()' "$1" 2>/dev/null
}

# The first of the other members that answers.
peer() {
    for address in $OTHER_MEMBERS; do
        if listens "$address" && rabbitmqctl -q -n "rabbit@$address" status >/dev/null 2>&1; then
            echo "rabbit@$address"
            return
        fi
    done
    return 1
}

# Queues of those that stay would stop if most of them did not run. Prints how many of them run, or nothing when they are enough.
too_few() {
    rabbitmqctl -q -n "$1" eval "
        Others = fun(Which) -> length(rabbit_mnesia:cluster_nodes(Which) -- ['$NODENAME']) end,
        case {Others(running), Others(all)} of
            {Running, All} when 2 * Running > All -> enough;
            {Running, All} -> list_to_atom(lists:concat([Running, \" of \", All]))
        end." | tr -d "'" | grep -vx enough
}

is_known_to() {
    rabbitmqctl -q -n "$1" cluster_status --formatter json | grep -q "\"$NODENAME\""
}

# An empty member joins those that answer; one that nobody answers would found a cluster of its own.
state() {
    if [ -e "$data/schema.DAT" ]; then
        echo member
    elif other=$(peer); then
        if is_known_to "$other"; then echo "the others count on data that is gone"; else echo member; fi
    elif [ "$own_address" = "$FIRST_MEMBER" ]; then
        echo member
    else
        echo "no other member answers"
    fi
}

# Members may answer now that did not when the state was read; they need not count on this one.
admit() {
    other=$(peer) || fail "no other member answers; start RabbitMQ on $OTHER_MEMBERS first"
    ! is_known_to "$other" || rabbitmqctl -q -n "$other" forget_cluster_node "$NODENAME"
}

# Asked of this node alone: list_queues wants answers from all, and rabbitmqctl lets no other node connect to it.
missing() {
    rabbitmqctl -q eval 'length([Q || Q <- rabbit_amqqueue:list_by_type(quorum),
        not lists:member(node(), rabbit_amqqueue:get_quorum_nodes(Q))]).'
}

# Members that nobody declares and that do not run. One that runs leaves by itself.
gone() {
    names=$(rabbitmqctl -q eval "
        Others = string:tokens(\"$OTHER_MEMBERS\", \" \"),
        Declared = ['$NODENAME' | [list_to_atom(\"rabbit@\" ++ Other) || Other <- Others]],
        Stopped = rabbit_mnesia:cluster_nodes(all) -- rabbit_mnesia:cluster_nodes(running),
        list_to_atom(string:join([atom_to_list(Node) || Node <- Stopped -- Declared], \" \")).")
    echo "$names" | tr -d "'"
}

# While it still runs: of two members, one that only stops leaves the queues of the other without a majority.
depart() {
    rabbitmq-queues -q shrink "$NODENAME" >/dev/null && rabbitmqctl -q stop_app && rabbitmqctl -q reset
}

put_aside() {
    systemctl stop rabbitmq-server.service
    rm -f "$accepted"
    [ ! -e "$data" ] || mv "$data" "$data.left-$(date +%Y%m%d%H%M%S)"
}

# A member whose first deployment fails is stopped, and the others must not count on it. One that is called by its
# host's name was there before us: it keeps its data.
stopping() {
    [ "$USE_LONGNAME" = true ] || return 0
    if [ ! -e "$accepted" ] && [ -e "$data/schema.DAT" ] && peer >/dev/null; then
        depart || echo "$NODENAME: could not leave the cluster; start it again, or forget it on another member" >&2
    fi
}

case ${1:-} in
stopping) stopping ;;
state) state ;;
admit) admit ;;
replicas)
    count=$(missing)
    if [ "$count" = 0 ]; then echo "a replica of every queue"; else echo "no replica of $count queues"; fi
    ;;
grow) rabbitmq-queues grow "$NODENAME" all ;;
strangers)
    found=$(gone)
    echo "${found:-none}"
    ;;
forget) for node in $(gone); do rabbitmqctl -q forget_cluster_node "$node"; done ;;
drain) rabbitmq-upgrade await_online_quorum_plus_one -t 120 && rabbitmq-upgrade drain ;;
leave)
    # Once all the others have left, there is nobody to leave.
    other=$(peer) && is_known_to "$other" || exit 0
    running=$(too_few "$other") && fail "$running other members run, no majority; start them before this one leaves"
    departed=yes
    depart || departed=no
    put_aside
    [ "$departed" = yes ] || rabbitmqctl -q -n "$other" forget_cluster_node "$NODENAME"
    ;;
abandon)
    ! other=$(peer) || fail "$other runs; a member leaves when the stack file says so"
    put_aside
    ;;
*) fail "usage: $0 state|admit|replicas|grow|strangers|forget|drain|leave|abandon|stopping" ;;
esac
