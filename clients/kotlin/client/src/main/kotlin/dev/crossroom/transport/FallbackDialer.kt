package dev.crossroom.transport

import dev.crossroom.Cancellable
import dev.crossroom.ConnectionOptions
import dev.crossroom.TransportKind
import dev.crossroom.frames.Rate
import dev.crossroom.session.HttpAnswer
import dev.crossroom.session.HttpOpening
import dev.crossroom.session.HttpTerms
import dev.crossroom.session.TransportMemory
import dev.crossroom.session.fallsBack
import okhttp3.Call

/** What [FallbackDialer] goes by. Times in milliseconds. */
internal class FallbackSettings(
    val kinds: Set<TransportKind>,
    /** What the handshake of a WebSocket may take before HTTP is tried. */
    val handshakeTimeout: Long,
    val memory: TransportMemory,
)

/**
 * A WebSocket, or a session over HTTP where that is refused, in one attempt (PROTOCOL.md, 12.15 to 12.17; docs/sdk.md, 6). To those above it is one
 * transport, whichever it has become.
 */
internal class FallbackDialer(private val library: OkHttpDialer, private val settings: FallbackSettings, private val timing: Timing) : Dialer {
    private val kinds = settings.kinds
    private val memory = settings.memory
    private val hasHttp = kinds.any { it != TransportKind.WEBSOCKET }

    /** A WebSocket was open, and nothing came on it: HTTP is tried with the next attempt. */
    @Volatile private var wasMute = false

    override val maxQueuedBytes: Long get() = library.maxQueuedBytes

    override fun dial(url: String, headers: Map<String, String>, listener: TransportListener): Transport =
        Attempt(url, headers, listener).also { it.begin() }

    override fun close(done: () -> Unit) = library.close(done)

    private inner class Attempt(
        private val url: String,
        private val headers: Map<String, String>,
        private val listener: TransportListener,
    ) : Transport {
        private val place = library.placeOf(url)
        private val lock = Any()

        /** What is there of this attempt: each is gone by itself. */
        private var parts = 0
        private var isOver = false

        /** The handshake of the WebSocket has come to an end, whichever. */
        private var isDecided = false
        private var opening: Call? = null

        /** Why the WebSocket could not be opened, in this attempt. */
        private var refusal: TransportFailure? = null

        /** HTTP is tried because of what became of a WebSocket, and not because it worked before. */
        private var isFallback = false
        private var timer = Cancellable {}

        @Volatile private var inner: Transport? = null
        private var webSocket: WebSocketPart? = null

        override val kind: TransportKind get() = inner?.kind ?: TransportKind.WEBSOCKET
        override val isReached: Boolean get() = inner?.isReached == true
        override val queuedBytes: Long get() = inner?.queuedBytes ?: 0

        override fun send(text: String) {
            inner?.send(text)
            webSocket?.sent()
        }

        override fun pace(rate: Rate) {
            inner?.pace(rate)
        }

        override fun networkChanged(): Boolean = inner?.networkChanged() == true

        override fun hangUp(abrupt: Boolean) {
            val call =
                synchronized(lock) {
                    isOver = true
                    timer.cancel()
                    opening
                }
            inner?.hangUp(abrupt)
            call?.cancel()
        }

        fun begin() {
            val known = memory.wayTo(place)?.let(::allowed)
            isFallback = known == null && wasMute
            wasMute = false
            when {
                TransportKind.WEBSOCKET !in kinds -> openSession(known ?: stream())
                known != null -> openSession(known)
                isFallback && mayFallBack() -> openSession(stream())
                else -> dialWebSocket()
            }
        }

        private fun allowed(kind: TransportKind): TransportKind? = if (kind in kinds) kind else stream().takeIf { hasHttp }

        private fun stream(): TransportKind = if (TransportKind.SSE in kinds) TransportKind.SSE else TransportKind.POLLING

        private fun mayFallBack(): Boolean = hasHttp && memory.mayHaveHttp(place)

        private fun dialWebSocket() {
            enter()
            val part = WebSocketPart()
            if (mayFallBack()) timer = timing.after(settings.handshakeTimeout, part::handshakeTimedOut)
            webSocket = part
            val transport = library.dial(url, headers, part)
            inner = transport
            // Hung up, by a timer or its user, before it was known here.
            if (synchronized(lock) { isOver }) transport.hangUp(abrupt = true)
        }

        private fun lost(code: Int?, reason: String, failure: TransportFailure?) {
            val isFirst =
                synchronized(lock) {
                    timer.cancel()
                    !isOver.also { isOver = true }
                }
            if (isFirst) listener.lost(code, reason, failure)
        }

        private fun enter() = synchronized(lock) { parts++ }

        private fun leave() {
            if (synchronized(lock) { --parts == 0 }) listener.gone()
        }

        private inner class WebSocketPart : TransportListener {
            private var isOpen = false

            @Volatile private var isWatched = false

            @Volatile private var hasHeard = false

            private fun decide(): Boolean = synchronized(lock) { !isDecided.also { isDecided = true } }

            override fun opened() {
                if (!decide()) return
                isOpen = true
                synchronized(lock) { timer.cancel() }
                listener.opened()
            }

            override fun message(text: String?) {
                hasHeard = true
                listener.message(text)
            }

            override fun lost(code: Int?, reason: String, failure: TransportFailure?) {
                if (decide()) {
                    if (failure == null || !fallsBack(failure.status, failure.retryAfter != null, isReached)) {
                        return this@Attempt.lost(code, reason, failure)
                    }
                    return fallBack(failure)
                }
                if (isOpen && isWatched && !hasHeard && code == null) wasMute = true
                this@Attempt.lost(code, reason, failure)
            }

            override fun changed() = Unit

            override fun spent() = listener.spent()

            override fun gone() = leave()

            fun handshakeTimedOut() {
                if (!decide()) return
                val wasReached = isReached
                inner?.hangUp(abrupt = true)
                val failure = TransportFailure("The handshake of the WebSocket was not answered in time.", null, null)
                if (wasReached) fallBack(failure) else this@Attempt.lost(null, "", failure)
            }

            /** The first frame asks for an answer. Where none comes, something takes WebSockets and does not pass them on. */
            fun sent() {
                if (isWatched || hasHeard || !mayFallBack()) return
                isWatched = true
                synchronized(lock) { timer = timing.after(MUTE / 2) { ask() } }
            }

            /** Whoever is only slow with that answer has one to this. */
            private fun ask() {
                synchronized(lock) {
                    if (isOver || hasHeard) return
                    timer = timing.after(MUTE / 2) { giveUp() }
                }
                inner?.send(PING)
            }

            private fun giveUp() {
                if (hasHeard || synchronized(lock) { isOver }) return
                wasMute = true
                inner?.hangUp(abrupt = true)
                this@Attempt.lost(null, "nothing came on the WebSocket", null)
            }
        }

        private fun fallBack(failure: TransportFailure) {
            if (!mayFallBack()) return lost(null, "", failure)
            refusal = failure
            isFallback = true
            openSession(stream())
        }

        private fun openSession(kind: TransportKind) {
            webSocket = null
            enter()
            val requests = library.requests(url, headers)
            val call = requests.open()
            synchronized(lock) { if (isOver) null else call.also { opening = it } } ?: return leave()
            library.execute {
                try {
                    val answer = call.execute().use(::answerOf)
                    answered(answer, requests, kind)
                } catch (thrown: Exception) {
                    if (!synchronized(lock) { isOver }) memory.forget(place)
                    lost(null, "", TransportFailure(thrown.message ?: thrown.javaClass.simpleName, null, thrown))
                } finally {
                    leave()
                }
            }
        }

        private fun answered(answer: HttpAnswer, requests: HttpRequests, kind: TransportKind) {
            when (val opening = answer.opening()) {
                is HttpOpening.Opened -> opened(opening.terms, requests, kind)
                is HttpOpening.Refused, is HttpOpening.Unanswered -> {
                    memory.forget(place)
                    lost(null, "", TransportFailure(answer.message, answer.status, null, answer.retryAfter))
                }
                is HttpOpening.NoBridge -> {
                    memory.forget(place)
                    memory.lacksHttp(place)
                    // Where a WebSocket may be tried, its answer is what counts, with the next attempt if there was none in this.
                    val status = answer.status.takeIf { TransportKind.WEBSOCKET !in kinds }
                    lost(null, "", refusal ?: TransportFailure(answer.message, status, null, answer.retryAfter))
                }
            }
        }

        private fun opened(terms: HttpTerms, requests: HttpRequests, kind: TransportKind) {
            if (isFallback) memory.remember(place, kind)
            val ways = HttpWays(stream = kind == TransportKind.SSE, poll = TransportKind.POLLING in kinds)
            enter()
            val transport = library.session(requests, terms, ways, timing, SessionPart()) { memory.remember(place, TransportKind.POLLING) }
            inner = transport
            // Nobody wants it any more: it is left at once.
            if (synchronized(lock) { isOver }) return transport.hangUp(abrupt = false)
            listener.opened()
            transport.begin()
        }

        private inner class SessionPart : TransportListener {
            override fun opened() = Unit

            override fun message(text: String?) = listener.message(text)

            override fun changed() = listener.changed()

            override fun spent() = listener.spent()

            override fun lost(code: Int?, reason: String, failure: TransportFailure?) = this@Attempt.lost(code, reason, failure)

            override fun gone() = leave()
        }
    }

    private companion object {
        /** How long a WebSocket may be open, and its first frame sent, before a frame of the server's comes. */
        const val MUTE = 10_000L

        const val PING = "{\"type\":\"ping\"}"
    }
}

/** What makes the connections of a client with these settings. */
internal fun dialerOf(options: ConnectionOptions, timing: Timing): Dialer {
    val handshakeTimeout = options.reconnect.timeoutMillis / 2
    val settings = FallbackSettings(options.transports.toSet(), handshakeTimeout, TransportMemory.shared)
    return FallbackDialer(OkHttpDialer(options.okHttpClient), settings, timing)
}
