-- Written by install.sh; changes are lost.
pidfile = "/run/prosody/prosody.pid"
log = { warn = "*console" }
admins = {}

modules_enabled = {
    "roster", "saslauth", "tls", "disco", "carbons", "pep", "blocklist", "vcard4", "vcard_legacy",
    "ping", "time", "uptime", "csi_simple", "smacks", "mam", "offline", "bosh", "websocket", "http", "limits",
}
modules_disabled = { "s2s" }
allow_registration = false
authentication = "internal_hashed"
password_hash = "SHA-256"
c2s_require_encryption = true
limits = { c2s = { rate = "50kb/s", burst = "500kb" } }

Include "/etc/prosody/database.cfg.lua"
storage = "sql"
default_archive_policy = true
archive_expires_after = "never"

interfaces = { "@ADDRESS@" }
c2s_ports = { @STARTTLS_PORT@ }
c2s_direct_tls_ports = { @DIRECT_TLS_PORT@ }
http_ports = {}
https_ports = { @WEB_PORT@ }
https_certificate = "/etc/prosody/tls/host.crt"
c2s_direct_tls_ssl = { certificate = "/etc/prosody/tls/domain.crt", key = "/etc/prosody/tls/domain.key" }
trusted_proxies = { @LOAD_BALANCERS@ }
http_default_host = "@DOMAIN@"
http_external_url = "https://@DOMAIN@/"
http_paths = { bosh = "/bosh", websocket = "/ws", file_share = "/upload" }
consider_bosh_secure = true
consider_websocket_secure = true

VirtualHost "@DOMAIN@"
    ssl = { certificate = "/etc/prosody/tls/domain.crt", key = "/etc/prosody/tls/domain.key" }
    http_host = "@DOMAIN@"

Component "upload.@DOMAIN@" "http_file_share"
    http_host = "@DOMAIN@"
    http_file_share_size_limit = @MAX_UPLOAD_BYTES@
