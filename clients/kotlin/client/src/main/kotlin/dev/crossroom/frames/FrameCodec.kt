package dev.crossroom.frames

import dev.crossroom.JsonText
import dev.crossroom.Value

/** Event names that Socket.IO keeps for itself (PROTOCOL.md, 4.4). */
internal val RESERVED_EVENTS: Set<String> =
    setOf("connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener")

/** Binary values in one frame of the client's (5.3). */
internal const val MAX_BINARIES: Int = 10

/** How deep the values of a frame of the client's are nested (docs/sdk.md, 3.1): with what is around them it is below the protocol's 128. */
internal const val MAX_NESTING: Int = 120

private const val MAX_WHOLE = 9_007_199_254_740_991L

/** Milliseconds, or bytes: 2^31-1. */
private const val MAX_AMOUNT = 2_147_483_647.0

/** The bytes of a text in UTF-8. */
internal fun utf8Size(text: String): Long {
    var size = 0L
    for (character in text) {
        size +=
            when {
                character < '\u0080' -> 1
                character < '\u0800' -> 2
                // Half of a pair, which has four bytes. (The codec escapes surrogates.)
                character.isSurrogate() -> 2
                else -> 3
            }
    }
    return size
}

/** A whole number from 0 to 2^53-1, however JSON writes it; null where the value is none. */
internal fun wholeNumber(value: Value?): Long? =
    (value?.long ?: value?.double?.takeIf { it % 1.0 == 0.0 && it <= MAX_WHOLE }?.toLong())?.takeIf { it in 0..MAX_WHOLE }

/** Milliseconds or bytes: not 0, and no more than timers take, as what is more is never reached. Null where the value is none. */
internal fun amountOf(value: Value?): Long? = value?.double?.takeIf { it > 0 }?.coerceIn(1.0, MAX_AMOUNT)?.toLong()

/** The text of a frame, or why there is none. */
internal sealed class Encoded {
    data class Text(val text: String) : Encoded()

    data class Refused(val message: String) : Encoded()
}

/** Frames to text and back. Pure: what is malformed is a value, never an exception. */
internal object FrameCodec {
    /** Refused: what the server would answer with `invalid_field`, `too_deep` or `too_many_attachments`. */
    fun encode(frame: ClientFrame): Encoded {
        val fields = fieldsOf(frame)
        val objection = objection(fields.values)
        return if (objection == null) Encoded.Text(JsonText.write(Value.Object(fields))) else Encoded.Refused(objection)
    }

    /** Why no frame can have these values; null where one can. A list of arguments counts as one of them. */
    fun objection(values: Collection<Value>): String? {
        val census = Census()
        // 0, for the list of an event's arguments, which is none of its values.
        values.forEach { census.count(it, 0) }
        return when {
            census.isTooDeep -> "a message may be nested $MAX_NESTING deep, and no deeper"
            census.binaries > MAX_BINARIES -> "a message may have $MAX_BINARIES binary values, no more"
            census.hasNonFinite -> "JSON has no numbers that are not finite"
            census.binaries > 0 && census.hasPlaceholder ->
                "beside binary values there may be no object whose _placeholder is true: Socket.IO would take it for one of them"
            census.binaries > 0 && census.hasProto -> "beside binary values there may be no key __proto__: Socket.IO would drop it"
            else -> null
        }
    }

    private fun fieldsOf(frame: ClientFrame): Map<String, Value> {
        val fields = LinkedHashMap<String, Value>()

        fun type(type: String, ns: String? = null) {
            fields["type"] = Value.Text(type)
            if (ns != null && ns != "/") fields["ns"] = Value.Text(ns)
        }
        when (frame) {
            is ClientFrame.Connect -> {
                type("connect", frame.ns)
                frame.auth?.let { fields["auth"] = it }
                frame.pid?.let { fields["pid"] = Value.Text(it) }
                frame.offset?.let { fields["offset"] = Value.Text(it) }
            }
            is ClientFrame.Event -> {
                type("event", frame.ns)
                fields["event"] = Value.Text(frame.event)
                fields["args"] = Value.Array(frame.args)
                frame.id?.let { fields["id"] = Value.Integer(it) }
            }
            is ClientFrame.Ack -> {
                type("ack", frame.ns)
                fields["id"] = Value.Integer(frame.id)
                fields["args"] = Value.Array(frame.args)
            }
            is ClientFrame.Disconnect -> type("disconnect", frame.ns)
            is ClientFrame.Ping -> type("ping")
        }
        return fields
    }

    /** Decodes one text message of the server's. */
    fun decode(text: String): ServerFrame {
        val value = JsonText.parse(text) ?: return ServerFrame.Malformed("a message is not JSON")
        val fields = (value as? Value.Object)?.fields ?: return ServerFrame.Malformed("a message is not one JSON object")
        val type = fields["type"]?.text ?: return ServerFrame.Malformed("a frame has no type")
        return RoomSubscription(type, fields).read()
    }

    private class RoomSubscription(private val type: String, private val fields: Map<String, Value>) {
        fun read(): ServerFrame {
            val ns = fields["ns"].let { if (it == null || it.isNull) "/" else it.text ?: return wrong("ns") }
            return when (type) {
                "connected" -> connected(ns)
                "connect_error" -> ServerFrame.ConnectError(ns, text("message") ?: return wrong("message"), fields["data"])
                "event" -> event(ns)
                "ack" -> ServerFrame.Ack(ns, id() ?: return wrong("id"), args() ?: return wrong("args"))
                "disconnect" -> ServerFrame.Disconnect(ns, text("reason"))
                "error" ->
                    ServerFrame.Error(ns, text("code") ?: return wrong("code"), text("message") ?: return wrong("message"), id())
                "pong" -> ServerFrame.Pong
                else -> ServerFrame.Unknown(type)
            }
        }

        private fun connected(ns: String): ServerFrame {
            val sid = text("sid") ?: return wrong("sid")
            val pingInterval = amount("pingInterval") ?: return wrong("pingInterval")
            val pingTimeout = amount("pingTimeout") ?: return wrong("pingTimeout")
            val maxPayload = amount("maxPayload") ?: return wrong("maxPayload")
            val recovered = fields["recovered"]?.boolean == true
            return ServerFrame.Connected(ns, sid, text("pid"), recovered, pingInterval, pingTimeout, maxPayload, rate())
        }

        /** The defaults of PROTOCOL.md, 9, where it is missing; what makes no sense counts as missing. */
        private fun rate(): Rate {
            val perSecond = fields["rate"]?.get("perSecond")?.double?.takeIf { it > 0 } ?: return Rate()
            val burst = fields["rate"]?.get("burst")?.double?.takeIf { it >= 1 } ?: return Rate()
            return Rate(perSecond, burst)
        }

        private fun event(ns: String): ServerFrame {
            val name = text("event")
            // A reserved name from the wire would pass for the client's own "connect" or "disconnect".
            if (name == null || name in RESERVED_EVENTS) return wrong("event")
            val args = args() ?: return wrong("args")
            if ("id" in fields && id() == null) return wrong("id")
            return ServerFrame.Event(ns, name, args, id(), text("offset"))
        }

        private fun text(name: String): String? = fields[name]?.text

        private fun args(): List<Value>? = fields["args"]?.list?.map(JsonText::revive)

        private fun id(): Long? = wholeNumber(fields["id"])

        private fun amount(name: String): Long? = amountOf(fields[name])

        private fun wrong(field: String): ServerFrame = ServerFrame.Malformed("$field of a frame \"$type\" is missing or wrong")
    }

    /** What the protocol limits in the values of one frame. */
    private class Census {
        var binaries = 0
        var isTooDeep = false
        var hasNonFinite = false
        var hasPlaceholder = false
        var hasProto = false

        /** @param depth of `value`, if it is a list or an object; that of an argument is 1. */
        fun count(value: Value, depth: Int) {
            when (value) {
                is Value.Binary -> {
                    binaries++
                    // An object goes over the wire.
                    if (depth > MAX_NESTING) isTooDeep = true
                }
                is Value.Decimal -> if (value.value.isNaN() || value.value.isInfinite()) hasNonFinite = true
                is Value.Array -> enter(value.items, depth)
                is Value.Object -> {
                    if (value.fields["_placeholder"]?.boolean == true) hasPlaceholder = true
                    if ("__proto__" in value.fields) hasProto = true
                    enter(value.fields.values, depth)
                }
                else -> Unit
            }
        }

        private fun enter(values: Collection<Value>, depth: Int) {
            if (depth > MAX_NESTING) isTooDeep = true else values.forEach { count(it, depth + 1) }
        }
    }
}
