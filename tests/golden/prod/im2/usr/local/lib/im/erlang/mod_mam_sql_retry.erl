%% managed by Pulumi; edit components/templates/ejabberd/mod_mam_sql_retry.erl
%% The archive in SQL, for `db_type: sql_retry`. ejabberd's own backend tells when a message could not be written, and
%% mod_mam takes no notice: the message goes on, acknowledged, and is in no archive. So it is written again until it is
%% there. Meanwhile the client's process waits, and acknowledges nothing.
-module(mod_mam_sql_retry).

-export([init/2, remove_user/2, remove_room/3, delete_old_messages/3, delete_old_messages_batch/4, extended_fields/0,
         store/8, write_prefs/4, get_prefs/2, select/7, select_with_mucsub/6, export/1, remove_from_archive/3,
         is_empty_for_user/2, is_empty_for_room/3, count_messages_to_delete/3]).
-export([is_waiting/0]).

-define(SECONDS, 60).
-define(PAUSE_MILLISECONDS, 500).

store(Message, Server, User, Type, Peer, Nick, Direction, Id) ->
    Write = fun() -> mod_mam_sql:store(Message, Server, User, Type, Peer, Nick, Direction, Id) end,
    case Write() of
        ok -> ok;
        _ ->
            There = fun() -> is_there(Server, name(Type, User), Id) end,
            waiting(fun() -> again(Write, There, seconds() + ?SECONDS) end)
    end.

%% Whether a message waits on any of the members. The group forgets processes and members that are gone.
is_waiting() -> pg:get_members(?MODULE, waiting) =/= [].

waiting(Until) ->
    pg:join(?MODULE, waiting, self()),
    try Until() after pg:leave(?MODULE, waiting, self()) end.

%% For as long as the database is away or has no room, but not for ever what it refuses. A write whose answer never came
%% may be there.
again(Write, IsThere, End) ->
    timer:sleep(?PAUSE_MILLISECONDS),
    case IsThere() of
        true -> ok;
        false -> again(Write(), Write, IsThere, End);
        _ -> again(Write, IsThere, seconds() + ?SECONDS)
    end.

again(ok, _, _, _) -> ok;
again(Error, Write, IsThere, End) ->
    case {is_unable(Error), seconds() > End} of
        {true, _} -> again(Write, IsThere, seconds() + ?SECONDS);
        {false, true} -> logger:error("a message could not be archived: ~p", [Error]), Error;
        {false, false} -> again(Write, IsThere, End)
    end.

%% By the class of PostgreSQL's error: connection, read-only, rolled back, no room, operator, input and output.
is_unable({error, Reasons}) when is_list(Reasons) ->
    case iolist_to_binary(proplists:get_value(code, Reasons, "")) of
        <<Class:2/binary, _/binary>> ->
            lists:member(Class, [<<"08">>, <<"25">>, <<"40">>, <<"53">>, <<"57">>, <<"58">>]);
        _ -> false
    end;
is_unable(_) -> false.

is_there(Server, Name, Id) ->
    Query = ["select 1 from archive where server_host = '", ejabberd_sql:escape(Server), "' and username = '",
             ejabberd_sql:escape(Name), "' and timestamp = ", integer_to_list(Id)],
    case ejabberd_sql:sql_query(Server, Query) of
        {selected, _, Rows} -> Rows =/= [];
        Error -> Error
    end.

name(chat, {Name, _}) -> Name;
name(groupchat, {Name, Host}) -> jid:encode({Name, Host, <<>>}).

seconds() -> erlang:monotonic_time(second).

init(Host, Options) ->
    pg:start(?MODULE),
    mod_mam_sql:init(Host, Options).

%% Everything else is as in SQL.
remove_user(User, Server) -> mod_mam_sql:remove_user(User, Server).
remove_room(Server, Name, Host) -> mod_mam_sql:remove_room(Server, Name, Host).
delete_old_messages(global, Until, Type) ->
    lists:foreach(fun(Host) -> delete_old_messages(Host, Until, Type) end, ejabberd_option:hosts());
delete_old_messages(Host, Until, Type) -> mod_mam_sql:delete_old_messages(Host, Until, Type).
delete_old_messages_batch(Server, Until, Type, Size) ->
    mod_mam_sql:delete_old_messages_batch(Server, Until, Type, Size).
count_messages_to_delete(Server, Until, Type) -> mod_mam_sql:count_messages_to_delete(Server, Until, Type).
extended_fields() -> mod_mam_sql:extended_fields().
write_prefs(User, Server, Preferences, Host) -> mod_mam_sql:write_prefs(User, Server, Preferences, Host).
get_prefs(User, Server) -> mod_mam_sql:get_prefs(User, Server).
select(Server, Requestor, Archive, Query, RSM, Type, Flags) ->
    mod_mam_sql:select(Server, Requestor, Archive, Query, RSM, Type, Flags).
select_with_mucsub(Server, Requestor, Archive, Query, RSM, Flags) ->
    mod_mam_sql:select_with_mucsub(Server, Requestor, Archive, Query, RSM, Flags).
export(Server) -> mod_mam_sql:export(Server).
remove_from_archive(User, Server, With) -> mod_mam_sql:remove_from_archive(User, Server, With).
is_empty_for_user(User, Server) -> mod_mam_sql:is_empty_for_user(User, Server).
is_empty_for_room(Server, Name, Host) -> mod_mam_sql:is_empty_for_room(Server, Name, Host).
