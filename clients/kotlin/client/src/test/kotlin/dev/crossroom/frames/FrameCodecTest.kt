package dev.crossroom.frames

import dev.crossroom.JsonText
import dev.crossroom.Value
import dev.crossroom.json
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

class FrameCodecTest {
    private fun encode(vararg args: Value): Encoded = FrameCodec.encode(ClientFrame.Event("/", "x", args.asList(), null))

    private fun decode(text: String): ServerFrame = FrameCodec.decode(text.replace('\'', '"'))

    private fun nested(depth: Int): Value = (1..depth).fold(Value.Null as Value) { inner, _ -> Value.Array(listOf(inner)) }

    private fun isMalformed(text: String) = assertTrue(decode(text) is ServerFrame.Malformed, text)

    @Test
    fun `writes binary at any depth`() {
        val data = json("a" to listOf(json("b" to byteArrayOf(104, 105))))
        val expected = """{"type":"event","event":"x","args":[{"a":[{"b":{"${'$'}binary":"aGk="}}]}]}"""
        assertEquals(Encoded.Text(expected), encode(data))
    }

    @Test
    fun `refuses more binary values than the protocol has in a frame`() {
        val ten = Array<Value>(10) { Value.Binary(byteArrayOf(1)) }
        assertTrue(encode(*ten) is Encoded.Text)
        assertTrue(encode(*ten, Value.Binary(byteArrayOf(1))) is Encoded.Refused)
    }

    @Test
    fun `refuses what is nested deeper than the protocol allows`() {
        assertTrue(encode(nested(120)) is Encoded.Text)
        assertTrue(encode(nested(121)) is Encoded.Refused)
        assertTrue(encode(nested(100_000)) is Encoded.Refused)
    }

    @Test
    fun `refuses beside binary values what Socket IO would take for one, or drop`() {
        val placeholder = json("_placeholder" to true)
        val proto = json("a" to json("__proto__" to 1))
        val binary = Value.Binary(byteArrayOf(1))
        for (value in listOf(placeholder, proto)) {
            assertTrue(encode(value) is Encoded.Text)
            assertTrue(encode(value, binary) is Encoded.Refused)
        }
        assertTrue(encode(json("_placeholder" to 1), binary) is Encoded.Text)
    }

    @Test
    fun `refuses numbers that JSON has not`() {
        assertTrue(encode(Value.Decimal(Double.NaN)) is Encoded.Refused)
        assertThrows<IllegalArgumentException> { Value.of(Double.POSITIVE_INFINITY) }
    }

    @Test
    fun `keeps integers as integers and doubles as doubles, exactly`() {
        val numbers = listOf("9007199254740991", "-9007199254740991", "0", "0.1", "1e-7", "1.7976931348623157E308", "1.0")
        val args = (decode("{'type':'event','event':'x','args':$numbers}") as ServerFrame.Event).args
        val expected = listOf(9007199254740991, -9007199254740991, 0L, 0.1, 1e-7, Double.MAX_VALUE, 1.0)
        assertEquals(expected, args.map { it.long ?: it.double })
        assertEquals(args, (FrameCodec.decode((encode(*args.toTypedArray()) as Encoded.Text).text) as ServerFrame.Event).args)
    }

    @Test
    fun `is never broken by a message that is no frame`() {
        val texts =
            listOf("", "hello", "[]", "'x'", "null", "{'type':1}", "{}", "{'type':'event','event':'x','args':[wrong]}", "{'type':'event'")
        texts.forEach(::isMalformed)
        isMalformed("{'type':'event','event':'x','args':" + "[".repeat(50_000) + "]".repeat(50_000) + "}")
    }

    @Test
    fun `takes no frame with a field that is missing or wrong`() {
        isMalformed("{'type':'connected','sid':'s','pingInterval':0,'pingTimeout':1,'maxPayload':1}")
        isMalformed("{'type':'connected','pingInterval':1,'pingTimeout':1,'maxPayload':1}")
        isMalformed("{'type':'event','event':'disconnect','args':[]}")
        isMalformed("{'type':'event','event':'x','args':{}}")
        isMalformed("{'type':'event','event':'x','args':[],'id':-1}")
        isMalformed("{'type':'ack','args':[]}")
        isMalformed("{'type':'ack','id':9007199254740992,'args':[]}")
        isMalformed("{'type':'connect_error'}")
        isMalformed("{'type':'error','code':'x'}")
        isMalformed("{'type':'pong','ns':1}")
    }

    @Test
    fun `takes nothing for JSON that is none, and no number for an endless one`() {
        for (argument in listOf("1e400", "-1e400", "'a\nb'", "'a\u0001'")) isMalformed("{'type':'event','event':'x','args':[$argument]}")
        assertTrue(decode("{\n'type':\t'pong'\n}") is ServerFrame.Pong)
    }

    @Test
    fun `takes amounts that no timer has for the next one that it has`() {
        val frame = decode("{'type':'connected','sid':'s','pingInterval':1e300,'pingTimeout':0.1,'maxPayload':1000}")
        frame as ServerFrame.Connected
        assertEquals(listOf(2_147_483_647L, 1L, 1_000L), listOf(frame.pingInterval, frame.pingTimeout, frame.maxPayload))
    }

    @Test
    fun `escapes what has no UTF-8, and nothing else`() {
        val alone = "a\ud83d"
        val text = Value.Text("$alone \ud83d\ude00 ü \u0001\n\"\\").toString()
        assertEquals("\"a\\ud83d \ud83d\ude00 ü \\u0001\\n\\\"\\\\\"", text)
        assertEquals("$alone \ud83d\ude00 ü \u0001\n\"\\", JsonText.parse(text)?.text)
    }

    @Test
    fun `counts bytes as UTF-8 has them`() {
        for (text in listOf("", "abc", "ü", "€", "\ud83d\ude00", "aü€\ud83d\ude00")) {
            assertEquals(text.toByteArray().size.toLong(), utf8Size(text), text)
        }
    }

    @Test
    fun `sees binary under an escaped key, which is the same key`() {
        val frame = decode("{'type':'event','event':'x','args':[{'\\u0024binary':'aGk='}]}") as ServerFrame.Event
        assertEquals(listOf(Value.Binary("hi".toByteArray())), frame.args)
    }

    @Test
    fun `makes values of what Kotlin and Java have, and nothing else`() {
        val value = json("a" to 1, "b" to listOf(1.5f, null, true), "c" to arrayOf("x"), "d" to mapOf("e" to 'f'.toString()))
        assertEquals("""{"a":1,"b":[1.5,null,true],"c":["x"],"d":{"e":"f"}}""", value.toString())
        assertEquals(value, Value.of(value.toJsonElement()))
        val binary = json("list" to listOf(json("bytes" to byteArrayOf(1, 2))))
        assertEquals(binary, Value.of(binary.toJsonElement()))
        assertThrows<IllegalArgumentException> { json("x" to Any()) }
        assertThrows<IllegalArgumentException> { Value.of(mapOf(1 to 2)) }
        assertNull(value["a"]?.text)
        assertEquals(1.0, value["a"]?.double)
        assertTrue(value["b"]?.get(1)?.isNull == true)
    }
}
