package dev.crossroom

/** A way to the server (PROTOCOL.md, 12). More may come: a `when` needs an `else`. */
public enum class TransportKind {
    /** A WebSocket: what is tried first. */
    WEBSOCKET,

    /** A session over HTTP that reads a stream of server-sent events. */
    SSE,

    /** A session over HTTP that reads by polls, where something on the way holds streams up. */
    POLLING,
}
