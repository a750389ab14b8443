/** What nginx's documentation adds for WebSocket: in a location, and once outside of it. */
export const UPGRADE_LINES: readonly string[] = [
  "proxy_http_version 1.1;",
  "proxy_set_header Upgrade $http_upgrade;",
  "proxy_set_header Connection $connection_upgrade;",
];

export const UPGRADE_MAP = "map $http_upgrade $connection_upgrade { default upgrade; '' close; }";
