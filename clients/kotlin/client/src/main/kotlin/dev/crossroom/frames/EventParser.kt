package dev.crossroom.frames

import dev.crossroom.JsonText
import dev.crossroom.Value

/** An event of an answer to a GET (PROTOCOL.md, 12.5). */
internal sealed class StreamEvent {
    /** `next`: the number of the first frame that follows. */
    data class Open(val next: Long) : StreamEvent()

    data class Frame(val text: String) : StreamEvent()

    object Ping : StreamEvent()

    data class Close(val code: Int, val reason: String) : StreamEvent()

    /** One of another name, which is ignored; or one whose data is not what its name says. */
    data class Other(val name: String) : StreamEvent()
}

/** Server-sent events out of bytes, as they come: in pieces of any length. One parser for one answer. Pure. */
internal class EventParser {
    private var line = ByteArray(FIRST_SIZE)
    private var length = 0
    private var name = ""
    private var data: StringBuilder? = null

    /**
     * Takes the next `count` bytes, and tells each event that is complete with them: an event is when the empty line after it has come. What is left
     * in the parser at the end of an answer did not come.
     */
    fun read(bytes: ByteArray, count: Int, tell: (StreamEvent) -> Unit) {
        var from = 0
        for (index in 0 until count) {
            if (bytes[index] != LF) continue
            append(bytes, from, index)
            from = index + 1
            takeLine(tell)
        }
        append(bytes, from, count)
    }

    private fun append(bytes: ByteArray, from: Int, to: Int) {
        val size = length + to - from
        if (size > line.size) line = line.copyOf(maxOf(size, line.size * 2))
        bytes.copyInto(line, length, from, to)
        length = size
    }

    private fun takeLine(tell: (StreamEvent) -> Unit) {
        val end = if (length > 0 && line[length - 1] == CR) length - 1 else length
        val text = String(line, 0, end, Charsets.UTF_8)
        length = 0
        // A large frame is not kept for the small ones behind it.
        if (line.size > KEPT_SIZE) line = ByteArray(FIRST_SIZE)
        if (text.isEmpty()) return finish(tell)
        // What begins with a colon is a comment, whose name is empty.
        val field = text.substringBefore(':')
        when (field) {
            "event" -> name = valueOf(text, field)
            "data" -> data = data?.append('\n')?.append(valueOf(text, field)) ?: StringBuilder(valueOf(text, field))
        }
    }

    private fun valueOf(line: String, field: String): String = line.drop(field.length + 1).removePrefix(" ")

    private fun finish(tell: (StreamEvent) -> Unit) {
        val event = data?.let { eventOf(name, it.toString()) }
        name = ""
        data = null
        if (event != null) tell(event)
    }

    private fun eventOf(name: String, data: String): StreamEvent =
        when (name) {
            "" -> StreamEvent.Frame(data)
            "ping" -> StreamEvent.Ping
            "open" -> wholeNumber(JsonText.parse(data)?.get("next"))?.let { StreamEvent.Open(it) }
            "close" -> closeOf(JsonText.parse(data))
            else -> null
        } ?: StreamEvent.Other(name)

    private companion object {
        const val LF = '\n'.code.toByte()
        const val CR = '\r'.code.toByte()
        const val FIRST_SIZE = 1_024
        const val KEPT_SIZE = 65_536
    }
}

/** A close code and its reason, as `close` events and refusals have them; null where it is none. */
internal fun closeOf(value: Value?): StreamEvent.Close? =
    wholeNumber(value?.get("code"))?.takeIf { it in 1000..4999 }?.let { StreamEvent.Close(it.toInt(), value?.get("reason")?.text.orEmpty()) }
