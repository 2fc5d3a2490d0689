-- managed by Pulumi; edit components/templates/uploads/lsyncd.lua.j2
settings {
    nodaemon = true,
    -- Goes on when another host is down at the start, and sends all to it once it is back.
    insist = true,
    inotifyMode = "CloseWrite",
}
sync {
    default.rsync,
    source = "/var/lib/ejabberd/upload",
    target = "im1::im2",
    delay = 1,
    -- What is deleted here goes there, too, but files that are missing at a start are no reason to delete copies.
    delete = "running",
    rsync = { binary = "/usr/local/lib/im/uploads-rsync", archive = true, whole_file = true, _extra = { "--timeout=60" } },
}
