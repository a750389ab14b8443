package dev.crossroom.support

import com.sun.net.httpserver.HttpExchange
import com.sun.net.httpserver.HttpServer
import dev.crossroom.JsonText
import dev.crossroom.Value
import java.io.Closeable
import java.net.InetAddress
import java.net.InetSocketAddress
import java.util.concurrent.Executors
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit

/**
 * A bridge over HTTP (PROTOCOL.md, 12) with a network in front of it that does what a test says. It answers `connect`, `ping` and events that want an ack, whose
 * arguments it sends back. A WebSocket is refused, or not answered.
 */
internal class FakeHttpBridge : Closeable {
    /** What becomes of a POST: taken and answered; taken, and the answer is lost; or not taken. */
    enum class Fate { ANSWERED, ANSWER_LOST, LOST, UNAVAILABLE }

    private val executor = Executors.newCachedThreadPool()
    private val server = HttpServer.create(InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0)
    private val lock = Object()
    private var isOver = false

    /** Status of the answer to an upgrade, and its headers; null: none comes. */
    @Volatile var upgrade: Int? = 400

    @Volatile var upgradeHeaders: Map<String, String> = emptyMap()

    /** The answer to an opening, where it is none of a bridge. */
    @Volatile var opening: Pair<Int, String>? = null

    /** Whether streams are held up: nothing of them passes. */
    @Volatile var holdsStreams = false

    /** After how many bytes each answer to a GET is cut; what was sent after it is not. */
    @Volatile var cutAfter = Int.MAX_VALUE

    @Volatile var fateOfPost: (number: Int) -> Fate = { Fate.ANSWERED }

    /** What came, in a word each. */
    val requests = LinkedBlockingQueue<String>()

    /** Frames of the client's, in their order. */
    val lines = LinkedBlockingQueue<String>()

    /** Of the newest session. All under [lock]. */
    private var session = 0
    private var isOpen = false
    private val frames = ArrayList<String>()
    private var received = 0L
    private var close: Pair<Int, String>? = null
    private var reader: HttpExchange? = null
    private var posts = 0

    val url: String get() = "http://127.0.0.1:${server.address.port}"

    init {
        server.executor = executor
        server.createContext("/") { exchange -> exchange.use(::handle) }
        server.start()
    }

    /** Sends a frame to the client. */
    fun give(frame: String) =
        synchronized(lock) {
            frames.add(frame.replace('\'', '"'))
            lock.notifyAll()
        }

    fun close(code: Int, reason: String) =
        synchronized(lock) {
            close = code to reason
            lock.notifyAll()
        }

    /** The server has forgotten all sessions. */
    fun forget() =
        synchronized(lock) {
            isOpen = false
            lock.notifyAll()
        }

    /** The next request that came, of those that begin so. */
    fun next(begin: String): String {
        while (true) {
            val request = requests.poll(10, TimeUnit.SECONDS) ?: error("no request $begin came")
            if (request.startsWith(begin)) return request
        }
    }

    override fun close() {
        synchronized(lock) {
            isOver = true
            lock.notifyAll()
        }
        server.stop(0)
        executor.shutdownNow()
    }

    private fun HttpExchange.use(handle: (HttpExchange) -> Unit) {
        try {
            handle(this)
        } catch (_: java.io.IOException) {
            // The client has gone.
        } finally {
            close()
        }
    }

    private fun handle(exchange: HttpExchange) {
        val headers = exchange.requestHeaders
        val session = headers.getFirst("Crossroom-Session")
        when {
            headers.getFirst("Upgrade") != null -> refuseUpgrade(exchange)
            exchange.requestMethod == "POST" && session == null -> open(exchange)
            !isKnown(session) -> error(exchange, 404, "unknown_session")
            exchange.requestMethod == "GET" -> read(exchange)
            exchange.requestMethod == "POST" -> post(exchange)
            else -> {
                requests.add("DELETE")
                forget()
                exchange.sendResponseHeaders(204, -1)
            }
        }
    }

    private fun isKnown(id: String?): Boolean = synchronized(lock) { isOpen && id == "s$session" }

    private fun refuseUpgrade(exchange: HttpExchange) {
        requests.add("upgrade")
        val status = upgrade
        if (status == null) return synchronized(lock) { while (!isOver) lock.wait() }
        for ((name, value) in upgradeHeaders) exchange.responseHeaders.set(name, value)
        answer(exchange, status, "{}")
    }

    private fun open(exchange: HttpExchange) {
        requests.add("open")
        opening?.let { return answer(exchange, it.first, it.second) }
        synchronized(lock) {
            session++
            isOpen = true
            frames.clear()
            received = 0
            close = null
        }
        answer(exchange, 201, "{'session':'s$session','pingInterval':25000,'pingTimeout':20000,'maxPayload':100000,'resumeTimeout':20000}")
    }

    private fun read(exchange: HttpExchange) {
        val isStream = exchange.requestHeaders.getFirst("Accept") == "text/event-stream"
        var next = exchange.requestHeaders.getFirst("Crossroom-Ack").toInt()
        requests.add("GET ${if (isStream) "stream" else "poll"} $next")
        synchronized(lock) {
            reader = exchange
            lock.notifyAll()
        }
        if (isStream && holdsStreams) return synchronized(lock) { while (!isOver && reader === exchange) lock.wait() }
        exchange.sendResponseHeaders(200, 0)
        var left = cutAfter

        fun write(text: String) {
            val bytes = text.replace('\'', '"').toByteArray()
            exchange.responseBody.write(bytes, 0, minOf(left, bytes.size))
            exchange.responseBody.flush()
            left -= bytes.size
            if (left < 0) throw java.io.IOException("cut")
        }
        write("event: open\ndata: {'next':$next}\n\n")
        while (true) {
            val (more, end) =
                synchronized(lock) {
                    while (!isOver && isOpen && reader === exchange && frames.size <= next && close == null) lock.wait()
                    if (isOver || !isOpen || reader !== exchange) return
                    frames.drop(next) to close
                }
            for (frame in more) write("data: $frame\n\n")
            next += more.size
            if (end != null) write("event: close\ndata: {'code':${end.first},'reason':'${end.second}'}\n\n")
            if (end != null || !isStream) return exchange.responseBody.close()
        }
    }

    private fun post(exchange: HttpExchange) {
        val seq = exchange.requestHeaders.getFirst("Crossroom-Seq")?.toLong()
        val lines = exchange.requestBody.readBytes().toString(Charsets.UTF_8).split("\n").filter(String::isNotEmpty)
        requests.add("POST $seq ${lines.size}")
        val fate = synchronized(lock) { fateOfPost(posts++) }
        if (fate == Fate.LOST) return
        if (fate == Fate.UNAVAILABLE) return answer(exchange, 503, "")
        lines.forEachIndexed { index, line -> if (isNew((seq ?: 0) + index)) take(line) }
        if (fate == Fate.ANSWERED) answer(exchange, 200, "{'received':${synchronized(lock) { received }}}")
    }

    private fun isNew(number: Long): Boolean =
        synchronized(lock) {
            check(number <= received) { "line $received is missing" }
            (number == received).also { if (it) received++ }
        }

    private fun take(line: String) {
        val frame = JsonText.parse(line) ?: error("not JSON: $line")
        when (frame["type"]?.text) {
            "connect" -> give("{'type':'connected','sid':'s$session','pingInterval':25000,'pingTimeout':20000,'maxPayload':100000}")
            "ping" -> return give("{'type':'pong'}")
            "event" -> frame["id"]?.let { give("{\"type\":\"ack\",\"id\":$it,\"args\":${frame["args"] ?: Value.Null}}") }
        }
        lines.add(line)
    }

    private fun error(exchange: HttpExchange, status: Int, code: String) {
        requests.add("$status")
        answer(exchange, status, "{'error':{'code':'$code','message':''}}")
    }

    private fun answer(exchange: HttpExchange, status: Int, body: String) {
        val bytes = body.replace('\'', '"').toByteArray()
        exchange.sendResponseHeaders(status, if (bytes.isEmpty()) -1 else bytes.size.toLong())
        if (bytes.isNotEmpty()) exchange.responseBody.write(bytes)
    }
}
