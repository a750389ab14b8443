package dev.crossroom.frames

import dev.crossroom.Value

/** What the client sends (PROTOCOL.md, 2.2). */
internal sealed class ClientFrame {
    data class Connect(val ns: String, val auth: Value.Object?, val pid: String?, val offset: String?) : ClientFrame()

    data class Event(val ns: String, val event: String, val args: List<Value>, val id: Long?) : ClientFrame()

    data class Ack(val ns: String, val id: Long, val args: List<Value>) : ClientFrame()

    data class Disconnect(val ns: String) : ClientFrame()

    object Ping : ClientFrame()
}

/** How many messages the server takes: a bucket of `burst` tokens, to which `perSecond` are added each second (PROTOCOL.md, 9). */
internal data class Rate(val perSecond: Double = 500.0, val burst: Double = 1_000.0)

/** What the server sends (PROTOCOL.md, 2.3), and what becomes of a message that is none of it. */
internal sealed class ServerFrame {
    /** `pingInterval` and `pingTimeout` in milliseconds, `maxPayload` in bytes. */
    data class Connected(
        val ns: String,
        val sid: String,
        val pid: String?,
        val recovered: Boolean,
        val pingInterval: Long,
        val pingTimeout: Long,
        val maxPayload: Long,
        val rate: Rate,
    ) : ServerFrame()

    data class ConnectError(val ns: String, val message: String, val data: Value?) : ServerFrame()

    data class Event(val ns: String, val event: String, val args: List<Value>, val id: Long?, val offset: String?) : ServerFrame()

    data class Ack(val ns: String, val id: Long, val args: List<Value>) : ServerFrame()

    data class Disconnect(val ns: String, val reason: String?) : ServerFrame()

    data class Error(val ns: String, val code: String, val message: String, val id: Long?) : ServerFrame()

    object Pong : ServerFrame()

    /** A newer server's: to be ignored (2.7), but for a warning. */
    data class Unknown(val type: String) : ServerFrame()

    data class Malformed(val message: String) : ServerFrame()
}
