package dev.crossroom.support

import dev.crossroom.JsonText
import dev.crossroom.TransportKind
import dev.crossroom.Value
import dev.crossroom.frames.Rate
import dev.crossroom.transport.Dialer
import dev.crossroom.transport.Transport
import dev.crossroom.transport.TransportFailure
import dev.crossroom.transport.TransportListener

/** One WebSocket, seen from the server. */
internal class FakeSocket(val url: String, val headers: Map<String, String>, private val listener: TransportListener) : Transport {
    private val sent = ArrayDeque<Value>()
    private var isGone = false

    /** Null while it was not hung up; then whether abruptly. */
    var hungUp: Boolean? = null
        private set
    override var queuedBytes = 0L
    override var kind = TransportKind.WEBSOCKET
    override val isReached = true

    /** How often it was told that the network is another one. */
    var networkChanges = 0
        private set

    override fun send(text: String) {
        sent.addLast(JsonText.parse(text) ?: error("not JSON: $text"))
    }

    override fun pace(rate: Rate) = Unit

    override fun networkChanged(): Boolean {
        networkChanges++
        return kind != TransportKind.WEBSOCKET
    }

    /** It becomes another kind. */
    fun become(next: TransportKind) {
        kind = next
        listener.changed()
    }

    override fun hangUp(abrupt: Boolean) {
        hungUp = abrupt
        gone()
    }

    /** The next frame that the client sent. */
    fun next(): Value = sent.removeFirstOrNull() ?: error("the client sent nothing more")

    /** The next frame, if there is one. */
    fun nextOrNull(): Value? = sent.removeFirstOrNull()

    fun open() = listener.opened()

    /** Sends a frame; `'` stands for `"`. */
    fun give(frame: String) = listener.message(frame.replace('\'', '"'))

    /** A message as it is; null for a binary one. */
    fun giveText(text: String?) = listener.message(text)

    fun give(frame: Value) = listener.message(frame.toString())

    fun close(code: Int) {
        listener.lost(code, "", null)
        gone()
    }

    fun fail(status: Int? = null) {
        listener.lost(null, "", TransportFailure(if (status == null) "no network" else "HTTP $status", status, null))
        gone()
    }

    /** Opens it, and answers the first `connect`. */
    fun accept(ns: String = "/") {
        open()
        val frame = next()
        check(frame["type"]?.text == "connect") { frame }
        connected(ns)
    }

    fun connected(ns: String = "/") = give("{'type':'connected','ns':'$ns','sid':'s','pingInterval':25000,'pingTimeout':20000,'maxPayload':1000}")

    private fun gone() {
        if (!isGone) listener.gone()
        isGone = true
    }
}

/** Makes sockets, and keeps them for the test. */
internal class FakeDialer : Dialer {
    val sockets = ArrayList<FakeSocket>()
    var isClosed = false
        private set

    val last: FakeSocket get() = sockets.last()
    override val maxQueuedBytes = 10_000L

    override fun dial(url: String, headers: Map<String, String>, listener: TransportListener): Transport =
        FakeSocket(url, headers, listener).also(sockets::add)

    override fun close(done: () -> Unit) {
        isClosed = true
        done()
    }
}
