%% managed by Pulumi; edit components/templates/ejabberd/mod_redeliver.erl
%% A message is archived for its sender, then goes to the server of its recipient, which archives it again. If that one
%% dies, the sender's archive has what nobody else got. This finds such messages and routes them once more, with the time
%% at which they were sent (XEP-0203). The first of the members that run does it for all of them.
-module(mod_redeliver).
-behaviour(gen_mod).
-behaviour(gen_server).

-export([start/2, stop/1, reload/3, depends/2, mod_options/1, mod_doc/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(PAUSE_MILLISECONDS, 15000).
-define(YOUNGEST_SECONDS, 15). % younger ones may be under way
-define(OLDEST_SECONDS, 180).
-define(OLDEST_AT_FIRST_SECONDS, 1800). % by one that has just taken over
-define(AT_ONCE, "1000").

start(Host, Options) -> gen_mod:start_child(?MODULE, Host, Options).
stop(Host) -> gen_mod:stop_child(?MODULE, Host).
reload(_, _, _) -> ok.
depends(_, _) -> [{mod_mam, hard}].
mod_options(_) -> [].
mod_doc() -> #{desc => <<"Delivers again what a dead member had taken.">>}.

%% `Looks` counts them since this member is the first and no archive waits for the database (with a full disk it can be
%% read, and what is not written yet is not lost), `Seen` how often each missing message was seen.
init([Host | _]) ->
    next(),
    {ok, {Host, 0, #{}}}.

handle_call(_, _, State) -> {reply, ok, State}.
handle_cast(_, State) -> {noreply, State}.
handle_info(look, {Host, Looks, Seen}) ->
    next(),
    {noreply, case is_first() andalso not mod_mam_sql_retry:is_waiting() of
                  true -> look(Host, Looks, Seen);
                  false -> {Host, 0, #{}}
              end};
handle_info(_, State) -> {noreply, State}.

next() -> erlang:send_after(?PAUSE_MILLISECONDS, self(), look).

is_first() -> lists:min(mnesia:system_info(running_db_nodes)) =:= node().

%% Only what is missing twice is routed, and only once: a recipient's process may still wait for the database, and a
%% recipient may refuse a message.
look(Host, Looks, Before) ->
    case ejabberd_sql:sql_query(Host, query(Host, oldest(Looks))) of
        {selected, _, Rows} ->
            Seen = maps:from_list([{Id, maps:get(Id, Before, 0) + 1} || [Id | _] <- Rows]),
            deliver(Host, [{Time, Xml} || [Id, Time, Xml] <- Rows, maps:get(Id, Seen) =:= 2]),
            {Host, Looks + 1, Seen};
        _ -> {Host, Looks, Before}
    end.

oldest(Looks) when Looks < 2 -> ?OLDEST_AT_FIRST_SECONDS;
oldest(_) -> ?OLDEST_SECONDS.

deliver(_, []) -> ok;
deliver(Host, Messages) ->
    logger:notice("delivering again ~b messages that their recipients never got", [length(Messages)]),
    [route(Host, Time, Xml) || {Time, Xml} <- Messages].

route(Host, Time, Xml) ->
    try
        Message = xmpp:decode(fxml_stream:parse_element(Xml), <<"jabber:client">>, [ignore_els]),
        Sent = misc:usec_to_now(binary_to_integer(Time)),
        ejabberd_router:route(misc:add_delay_info(Message, jid:make(Host), Sent))
    catch
        _:Reason -> logger:error("a message cannot be delivered again: ~p", [Reason])
    end.

%% Each entry of the archive is read once, and entries of one message are brought together by its sender, recipient,
%% id and text: a message is missing when all of them are its sender's.
query(Host, Oldest) ->
    Name = ["'", ejabberd_sql:escape(Host), "'"],
    Now = erlang:system_time(microsecond),
    Since = integer_to_list(Now - Oldest * 1000000),
    Until = integer_to_list(Now - ?YOUNGEST_SECONDS * 1000000),
    ["with entries as (select username, bare_peer, timestamp, sent, hashtextextended(concat_ws(' ',"
     " case when sent then owner else bare_peer end, case when sent then bare_peer else owner end,"
     " split_part(split_part(tag, ' id=''', 2), '''', 1), txt), 0) as message"
     " from archive, lateral split_part(xml, '>', 1) as tag, lateral concat(username, '@', server_host) as owner,"
     " lateral (select strpos(tag, concat(' from=''', owner)) > 0 as sent) direction"
     " where server_host = ", Name, " and kind = 'chat' and timestamp > ", Since, " - 60000000"
     " and bare_peer like '%@' || server_host and bare_peer <> owner),"
     " missing as (select min(username) as sender, split_part(min(bare_peer), '@', 1) as recipient,"
     " min(timestamp) as timestamp from entries group by message"
     " having bool_and(sent) and min(timestamp) >= ", Since, " and max(timestamp) <= ", Until, ")"
     " select id, a.timestamp, xml from missing join archive a"
     " on server_host = ", Name, " and username = sender and a.timestamp = missing.timestamp"
     " where exists (select from users u where u.server_host = ", Name, " and u.username = recipient)"
     " and not exists (select from archive_prefs p where p.server_host = ", Name, " and p.username = recipient"
     " and (p.def <> 'always' or p.never <> '[]'))"
     " and not exists (select from privacy_list l join privacy_list_data d using (id) where l.server_host = ", Name,
     " and l.username = recipient and d.action = 'd' and d.value = concat(sender, '@', ", Name, "))"
     " order by a.timestamp limit ", ?AT_ONCE].
