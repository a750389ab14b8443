package dev.crossroom.frames

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import kotlin.random.Random

class EventParserTest {
    private fun parse(vararg pieces: ByteArray): List<StreamEvent> {
        val parser = EventParser()
        val told = ArrayList<StreamEvent>()
        for (piece in pieces) parser.read(piece, piece.size, told::add)
        return told
    }

    private fun parse(text: String): List<StreamEvent> = parse(text.toByteArray())

    private val whole =
        "event: open\ndata: {\"next\":17}\n\n: ${"x".repeat(1_024)}\n\n" +
            "data: {\"type\":\"event\",\"event\":\"grüße 🙂\",\"args\":[\"a: b\"]}\n\n" +
            "event: ping\ndata: {}\n\ndata: {\"type\":\"pong\"}\n\nevent: news\ndata: 1\n\n" +
            "event: close\ndata: {\"code\":4501,\"reason\":\"server_shutdown\"}\n\n"

    private val events =
        listOf(
            StreamEvent.Open(17),
            StreamEvent.Frame("{\"type\":\"event\",\"event\":\"grüße 🙂\",\"args\":[\"a: b\"]}"),
            StreamEvent.Ping,
            StreamEvent.Frame("{\"type\":\"pong\"}"),
            StreamEvent.Other("news"),
            StreamEvent.Close(4501, "server_shutdown"),
        )

    @Test
    fun `reads each kind of event, and no comments`() = assertEquals(events, parse(whole))

    @Test
    fun `reads the same wherever the bytes are cut in two`() {
        val bytes = whole.toByteArray()
        for (cut in 0..bytes.size) {
            assertEquals(events, parse(bytes.copyOfRange(0, cut), bytes.copyOfRange(cut, bytes.size)), "cut at $cut")
        }
    }

    @Test
    fun `reads the same byte by byte, and in pieces of any size`() {
        val bytes = whole.toByteArray()
        assertEquals(events, parse(*bytes.map { byteArrayOf(it) }.toTypedArray()))
        repeat(200) { seed ->
            val random = Random(seed)
            val pieces = ArrayList<ByteArray>()
            var from = 0
            while (from < bytes.size) {
                val to = minOf(bytes.size, from + random.nextInt(1, 300))
                pieces.add(bytes.copyOfRange(from, to))
                from = to
            }
            assertEquals(events, parse(*pieces.toTypedArray()), "seed $seed")
        }
    }

    @Test
    fun `an event is complete when the empty line after it has come`() {
        val bytes = "data: {\"n\":1}\n\n".toByteArray()
        for (length in 0 until bytes.size) assertEquals(emptyList<StreamEvent>(), parse(bytes.copyOf(length)), "$length bytes")
        assertEquals(listOf(StreamEvent.Frame("{\"n\":1}")), parse(bytes))
    }

    @Test
    fun `takes frames of any size`() {
        val large = "{\"x\":\"${"y".repeat(3_000_000)}\"}"
        assertEquals(listOf(StreamEvent.Frame(large), StreamEvent.Ping), parse("data: $large\n\nevent: ping\ndata: {}\n\n"))
    }

    @Test
    fun `takes what else server-sent events may look like`() {
        assertEquals(listOf(StreamEvent.Frame("a\nb")), parse("data: a\ndata:b\n\n"))
        assertEquals(listOf(StreamEvent.Frame("a")), parse("id: 1\r\ndata: a\r\n\r\n"))
        assertEquals(emptyList<StreamEvent>(), parse("\n\nevent: ping\n\n:\n\nretry: 5\n\n"))
    }

    @Test
    fun `an event whose data is not what its name says is another one`() {
        for (data in listOf("", "{}", "[]", "{\"next\":-1}", "{\"next\":1.5}", "{\"next\":\"1\"}", "no JSON")) {
            assertEquals(listOf(StreamEvent.Other("open")), parse("event: open\ndata: $data\n\n"), data)
        }
        for (data in listOf("{}", "{\"code\":1}", "{\"code\":\"4501\"}", "{\"code\":40000}")) {
            assertEquals(listOf(StreamEvent.Other("close")), parse("event: close\ndata: $data\n\n"), data)
        }
        assertEquals(listOf(StreamEvent.Close(4501, "")), parse("event: close\ndata: {\"code\":4501}\n\n"))
    }

    @Test
    fun `takes any bytes`() {
        repeat(300) { seed ->
            val random = Random(seed)
            val alphabet = "data:event \n\r\u0000{}\"é".toByteArray()
            parse(ByteArray(random.nextInt(500)) { if (random.nextBoolean()) alphabet.random(random) else random.nextInt().toByte() })
        }
    }
}
