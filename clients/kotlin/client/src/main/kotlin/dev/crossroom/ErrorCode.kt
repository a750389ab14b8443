package dev.crossroom

/**
 * What went wrong, for programs. The codes here are those of docs/rooms-api.md, 11, of PROTOCOL.md, 7, and the client's own; a newer
 * server may send others, which are kept as they are: a `when` over codes needs an `else`.
 *
 * @property value the code as it is written on the wire.
 */
public data class ErrorCode(public val value: String) {
    /** The code as it is written on the wire. */
    override fun toString(): String = value

    /** The codes that this version knows. */
    public companion object {
        /** `close()` was called. */
        @JvmField public val CLOSED: ErrorCode = ErrorCode("closed")

        /** The call had left, and the connection was lost before its ack; or no further attempt to connect is made. */
        @JvmField public val DISCONNECTED: ErrorCode = ErrorCode("disconnected")

        /** The ack did not come in time. Whether the call was carried out is not known. */
        @JvmField public val TIMEOUT: ErrorCode = ErrorCode("timeout")

        /** Too much waits for the connection, or for the network, already. This event was not taken. */
        @JvmField public val BUFFER_FULL: ErrorCode = ErrorCode("buffer_full")

        /** The event is larger than the server's `maxPayload`. */
        @JvmField public val PAYLOAD_TOO_LARGE: ErrorCode = ErrorCode("payload_too_large")

        /** The event has a name that Socket.IO keeps for itself. */
        @JvmField public val RESERVED_EVENT: ErrorCode = ErrorCode("reserved_event")

        /** The server refused the namespace; `data` says more. */
        @JvmField public val CONNECT_ERROR: ErrorCode = ErrorCode("connect_error")

        /** The server refused or closed the connection for good, and not in words of the room API. */
        @JvmField public val REFUSED: ErrorCode = ErrorCode("refused")

        /** A warning: a message of the server's was no frame. */
        @JvmField public val MALFORMED_FRAME: ErrorCode = ErrorCode("malformed_frame")

        /** A warning: a frame of the server's has a type that this version does not know. */
        @JvmField public val UNKNOWN_FRAME: ErrorCode = ErrorCode("unknown_frame")

        /** A warning: an attempt to connect failed, and is made again; or something of the application's threw. */
        @JvmField public val FAILED: ErrorCode = ErrorCode("failed")

        /** `maxPending` publishes and sends wait already. */
        @JvmField public val TOO_MANY_PENDING: ErrorCode = ErrorCode("too_many_pending")

        /** A collector lagged behind by more than `maxLag`, and what it missed cannot be had any more. */
        @JvmField public val TOO_SLOW: ErrorCode = ErrorCode("too_slow")

        /** The server's answer is not one of the room API. */
        @JvmField public val BAD_ANSWER: ErrorCode = ErrorCode("bad_answer")

        /** Given up by leaving the room. Whether the call was carried out is not known. */
        @JvmField public val ABORTED: ErrorCode = ErrorCode("aborted")

        /** The connection came back after the server may have forgotten the id: the call was carried out or not. */
        @JvmField public val UNCONFIRMED: ErrorCode = ErrorCode("unconfirmed")

        /** The inbox has a processor already; or a flow that takes one collector has one. */
        @JvmField public val IN_USE: ErrorCode = ErrorCode("in_use")

        /** The argument is missing or has the wrong shape, or holds what JSON or the protocol has not. */
        @JvmField public val INVALID_ARGUMENT: ErrorCode = ErrorCode("invalid_argument")

        /** This server has no such event. */
        @JvmField public val UNKNOWN_EVENT: ErrorCode = ErrorCode("unknown_event")

        /** There is no valid token, and the server takes no guests; or the token function says that there is none any more. */
        @JvmField public val UNAUTHORIZED: ErrorCode = ErrorCode("unauthorized")

        /** The token has expired. */
        @JvmField public val TOKEN_EXPIRED: ErrorCode = ErrorCode("token_expired")

        /** The token was revoked. Sign in again. */
        @JvmField public val TOKEN_REVOKED: ErrorCode = ErrorCode("token_revoked")

        /** This user may not do this here. */
        @JvmField public val FORBIDDEN: ErrorCode = ErrorCode("forbidden")

        /** The room was not joined. */
        @JvmField public val NOT_JOINED: ErrorCode = ErrorCode("not_joined")

        /** This connection is in as many rooms as it may be. */
        @JvmField public val TOO_MANY_ROOMS: ErrorCode = ErrorCode("too_many_rooms")

        /** The room has as many members as it may have. */
        @JvmField public val ROOM_FULL: ErrorCode = ErrorCode("room_full")

        /** The message is larger than the server takes. */
        @JvmField public val MESSAGE_TOO_LARGE: ErrorCode = ErrorCode("message_too_large")

        /** This user sends more than the server takes. */
        @JvmField public val RATE_LIMITED: ErrorCode = ErrorCode("rate_limited")

        /** What follows this position is not kept any more. */
        @JvmField public val UNKNOWN_POSITION: ErrorCode = ErrorCode("unknown_position")

        /** The recipient's inbox is full. */
        @JvmField public val INBOX_FULL: ErrorCode = ErrorCode("inbox_full")

        /** This connection has not opened its inbox. */
        @JvmField public val INBOX_NOT_OPEN: ErrorCode = ErrorCode("inbox_not_open")

        /** Too many calls of this connection wait. */
        @JvmField public val OVERLOADED: ErrorCode = ErrorCode("overloaded")

        /** The server cannot store anything at the moment. */
        @JvmField public val UNAVAILABLE: ErrorCode = ErrorCode("unavailable")

        /** The server failed. */
        @JvmField public val INTERNAL: ErrorCode = ErrorCode("internal")
    }
}
