package dev.crossroom.frames

import dev.crossroom.JsonText
import dev.crossroom.Value
import dev.crossroom.json
import dev.crossroom.support.readVectors
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory

/** The codec against the golden vectors, which the SDKs in other languages read too. */
class VectorsTest {
    @TestFactory
    fun `reads the frames of a server`(): List<DynamicTest> =
        readVectors("server-frames").map { vector ->
            dynamicTest(vector["name"]?.text) {
                val decoded = FrameCodec.decode(vector["text"]?.text ?: error("no text"))
                if (vector["ignored"]?.boolean == true) {
                    assertEquals(ServerFrame.Unknown("presence"), decoded)
                } else {
                    assertEquals(expected(vector["frame"] ?: error("no frame")), decoded)
                }
            }
        }

    /** What a client understands; the client has no use for what it sent with a ping, and an `error` is of `/` where none is named. */
    private fun expected(frame: Value): ServerFrame {
        val ns = frame["ns"]?.text ?: "/"
        val id = frame["id"]?.long
        val args = frame["args"]?.list.orEmpty()

        fun text(name: String) = frame[name]?.text ?: error(name)

        fun long(name: String) = frame[name]?.long ?: error(name)
        return when (text("type")) {
            "connected" ->
                ServerFrame.Connected(
                    ns,
                    text("sid"),
                    frame["pid"]?.text,
                    frame["recovered"]?.boolean == true,
                    long("pingInterval"),
                    long("pingTimeout"),
                    long("maxPayload"),
                    frame["rate"]?.let { Rate(it["perSecond"]?.double ?: 0.0, it["burst"]?.double ?: 0.0) } ?: Rate(),
                )
            "connect_error" -> ServerFrame.ConnectError(ns, text("message"), frame["data"])
            "event" -> ServerFrame.Event(ns, text("event"), args, id, frame["offset"]?.text)
            "ack" -> ServerFrame.Ack(ns, long("id"), args)
            "disconnect" -> ServerFrame.Disconnect(ns, frame["reason"]?.text)
            "error" -> ServerFrame.Error(ns, text("code"), text("message"), id)
            else -> ServerFrame.Pong
        }
    }

    @TestFactory
    fun `writes the frames that a server accepts`(): List<DynamicTest> =
        readVectors("client-frames").filter { it["frame"] != null }.mapNotNull { vector ->
            val frame = vector["frame"] ?: error("no frame")
            val written = clientFrame(frame) ?: return@mapNotNull null
            // Deeper than this client's own bound.
            if (vector["name"]?.text == "nested as deeply as allowed") return@mapNotNull null
            dynamicTest(vector["name"]?.text) {
                val encoded = FrameCodec.encode(written) as Encoded.Text
                assertEquals(frame, filledIn(JsonText.parse(encoded.text) as Value.Object))
            }
        }

    /** Null for a ping with data, which this client does not send. */
    private fun clientFrame(frame: Value): ClientFrame? {
        val ns = frame["ns"]?.text ?: "/"
        val args = frame["args"]?.list.orEmpty()
        return when (frame["type"]?.text) {
            "connect" ->
                ClientFrame.Connect(ns, frame["auth"] as Value.Object, frame["pid"]?.text, frame["offset"]?.text)
            "event" -> ClientFrame.Event(ns, frame["event"]?.text ?: error("event"), args, frame["id"]?.long)
            "ack" -> ClientFrame.Ack(ns, frame["id"]?.long ?: error("id"), args)
            "disconnect" -> ClientFrame.Disconnect(ns)
            else -> if (frame["data"] == null) ClientFrame.Ping else null
        }
    }

    /** What the server understands of a frame. */
    private fun filledIn(frame: Value.Object): Value {
        val type = frame["type"]?.text
        if (type == "ping") return frame
        return Value.Object(mapOf("type" to Value.Text(type.orEmpty()), "ns" to Value.Text("/")) + frame.fields)
    }

    @TestFactory
    fun `takes for binary what is binary`(): List<DynamicTest> =
        readVectors("binary").map { vector ->
            dynamicTest(vector["name"]?.text) {
                val value = vector["value"] ?: error("no value")
                val text = json("type" to "event", "event" to "x", "args" to listOf(value)).toString()
                val arg = (FrameCodec.decode(text) as ServerFrame.Event).args.single()
                val bytes = vector["bytes"]?.text
                val inner = arg["\$binary"]
                when {
                    bytes != null -> assertEquals(bytes, hex(arg.bytes))
                    inner is Value.Binary -> assertEquals("6869", hex(inner.bytes))
                    else -> assertEquals(value, arg)
                }
            }
        }

    private fun hex(bytes: ByteArray?): String? = bytes?.joinToString("") { "%02x".format(it) }
}
