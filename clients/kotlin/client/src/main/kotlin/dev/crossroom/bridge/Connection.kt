package dev.crossroom.bridge

import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.NoMoreCredentials
import dev.crossroom.TransportKind
import dev.crossroom.frames.ClientFrame
import dev.crossroom.frames.Encoded
import dev.crossroom.frames.FrameCodec
import dev.crossroom.frames.ServerFrame
import dev.crossroom.frames.utf8Size
import dev.crossroom.ownError
import dev.crossroom.session.Announcement
import dev.crossroom.session.Effect
import dev.crossroom.session.Lifecycle
import dev.crossroom.session.LifecycleSettings
import dev.crossroom.session.Phase
import dev.crossroom.session.RateLimiter
import dev.crossroom.session.TimerName
import dev.crossroom.session.mayRetryUpgrade
import dev.crossroom.session.shouldReconnect
import dev.crossroom.transport.Dialer
import dev.crossroom.transport.Transport
import dev.crossroom.transport.TransportFailure
import dev.crossroom.transport.TransportListener
import dev.crossroom.warningOf
import kotlinx.coroutines.flow.MutableStateFlow
import java.util.concurrent.ConcurrentHashMap
import kotlin.math.min

/**
 * The shell around the lifecycle: it owns the transport and the timers, does what that says, and passes frames between the
 * transport and the namespaces. All but [Backlog] is used in the loop alone.
 */
internal class Connection(val environment: Environment, private val settings: ConnectionSettings, private val dialer: Dialer) {
    val backlog = Backlog(settings.maxUntaken)
    val backoff get() = settings.backoff
    val maxAttempts get() = settings.maxAttempts
    val phase: Phase get() = lifecycle.phase

    /** What there is a connection over; null while there is none. */
    val transport = MutableStateFlow<TransportKind?>(null)

    private val lifecycle = Lifecycle(LifecycleSettings(settings.backoff, settings.maxAttempts), environment::random)

    /** Namespaces are made on any thread. */
    private val peers = ConcurrentHashMap<String, Peer>()
    private val timers = HashMap<TimerName, Cancellable>()

    @Volatile private var socket: Socket? = null

    /** As the server of this connection said: the next one may be another. */
    private var maxPayload = Long.MAX_VALUE
    private val rateLimiter = RateLimiter()
    private val inFlight = InFlight()
    private var asking = Cancellable {}
    private var isClosed = false

    /** Connections of which something may be left. */
    private var living = 0
    private var whenGone: (() -> Unit)? = null

    init {
        // The connection has to show that it lives: that costs nothing where only the clock was set.
        environment.onWake { if (phase == Phase.OPEN) checkLife() }
    }

    fun register(ns: String, peer: Peer) {
        peers[ns] = peer
    }

    /** Connects, if there is no connection and none is being made. */
    fun open() {
        if (!isClosed && phase == Phase.CLOSED) run(lifecycle.open(environment.now()))
    }

    /** A namespace does not want the connection any more; without any that does, it is closed. */
    fun release() {
        if (peers.values.none { it.needsConnection }) run(lifecycle.close())
    }

    fun networkChanged() {
        checkLife()
        hurry()
    }

    private fun checkLife() {
        val knows = phase == Phase.OPEN && socket?.transport?.networkChanged() == true
        if (!knows) run(lifecycle.networkChanged(environment.now()))
    }

    fun background() = run(lifecycle.background())

    fun foreground() {
        lifecycle.foreground()
        if (!isClosed && peers.values.any { it.needsConnection }) run(lifecycle.open(environment.now()))
        hurry()
    }

    private fun hurry() {
        for (peer in peers.values.toList()) peer.hurry()
    }

    /** Closes for good. `gone` is called when nothing of any connection is left. */
    fun close(gone: () -> Unit) {
        isClosed = true
        whenGone = gone
        run(lifecycle.close())
        checkGone()
    }

    /** Events that are not handed to the system yet, and calls without an outcome: of all namespaces. */
    val unsent: Int get() = peers.values.sumOf { it.unsentCalls } + unsentEvents

    /** The same without calls. */
    val unsentEvents: Int get() = peers.values.sumOf { it.unsentEvents } + inFlight.count(socket?.transport?.queuedBytes ?: 0)

    /** Milliseconds before the next event of a backlog may leave: the server's limit must not be met (PROTOCOL.md, 9). */
    fun delay(): Long = rateLimiter.delay(environment.now())

    /** Whether the connection takes frames; one that turns out to be dead is given up. */
    fun isUsable(): Boolean {
        if (lifecycle.hasExpired(environment.now()) && !backlog.isBlocked) {
            startTimer(TimerName.HEARTBEAT, 0)
            return false
        }
        return phase == Phase.OPEN
    }

    /** Why a frame of this text is not sent; null where it may be. */
    fun objection(text: String): CrossroomException? {
        val most = min(maxPayload, dialer.maxQueuedBytes)
        // A UTF-16 unit is three bytes at most: most frames need not be measured.
        if (text.length * 3L <= most) return null
        if (utf8Size(text) <= most) return null
        return ownError(ErrorCode.PAYLOAD_TOO_LARGE, "The message has more than the $most bytes that can be sent.")
    }

    /** Sends an event. Why it was not, or null: `buffer_full` where the network has not taken enough of what was sent before. */
    fun transmit(text: String): CrossroomException? {
        objection(text)?.let { return it }
        val queued = socket?.transport?.queuedBytes ?: 0
        if (queued > 0 && queued + utf8Size(text) > dialer.maxQueuedBytes / 2) {
            return ownError(ErrorCode.BUFFER_FULL, "The network does not take the events as fast as they are sent.", true)
        }
        sendText(text)
        return null
    }

    /** Sends a frame of the protocol's own, which is small enough in any case. */
    fun send(frame: ClientFrame) {
        val encoded = FrameCodec.encode(frame)
        if (encoded is Encoded.Text) sendText(encoded.text)
    }

    fun warn(error: CrossroomException) = settings.warn(error)

    /** Sends a frame that need not wait for the network. Why it was not, or null. */
    fun sendAtOnce(text: String): CrossroomException? {
        objection(text)?.let { return it }
        sendText(text)
        return null
    }

    private fun sendText(text: String) {
        val transport = socket?.transport ?: return
        transport.send(text)
        rateLimiter.count(environment.now())
        inFlight.sent(utf8Size(text), transport.queuedBytes)
    }

    private fun run(effects: List<Effect>) {
        val generation = lifecycle.generation
        for (effect in effects) {
            // Somebody who was told has moved it on: the rest is out of date.
            if (generation != lifecycle.generation) return
            perform(effect)
        }
    }

    private fun perform(effect: Effect) {
        when (effect) {
            is Effect.Dial -> dial()
            is Effect.HangUp -> hangUp(effect.abrupt)
            is Effect.Ping -> send(ClientFrame.Ping)
            is Effect.Start -> startTimer(effect.timer, effect.ms)
            is Effect.Stop -> timers.remove(effect.timer)?.cancel()
            is Effect.Announce -> announce(effect.what)
        }
    }

    private fun dial() {
        asking = environment.ask(settings.headers) { result -> result.fold(::dialWith, ::headersFailed) }
    }

    private fun dialWith(headers: Map<String, String>) {
        startTimer(TimerName.DIAL, settings.dialTimeout)
        val socket = Socket()
        this.socket = socket
        living++
        try {
            socket.transport = dialer.dial(settings.url, headers, socket)
        } catch (thrown: RuntimeException) {
            // A URL or headers that HTTP has not (Java's may be null): they will not get better.
            living--
            val error = ownError(ErrorCode.REFUSED, thrown.message, cause = thrown)
            run(lifecycle.failed(error, final = true, environment.now()))
        }
    }

    private fun headersFailed(thrown: Throwable) {
        val isFinal = thrown is NoMoreCredentials
        val error = if (isFinal) ownError(ErrorCode.UNAUTHORIZED, thrown.message, cause = thrown) else warningOf(thrown)
        run(lifecycle.failed(error, isFinal, environment.now()))
    }

    private fun hangUp(abrupt: Boolean) {
        asking.cancel()
        val socket = this.socket ?: return
        this.socket = null
        transport.value = null
        maxPayload = Long.MAX_VALUE
        inFlight.clear()
        socket.hangUp(abrupt)
        backlog.wake()
    }

    /** One attempt, and what becomes of it. What it tells is passed on to the loop, as long as it is the connection's. */
    private inner class Socket : TransportListener {
        @Volatile var transport: Transport? = null

        private val isCurrent get() = this@Connection.socket === this

        @Volatile private var isOver = false
        private var patience = Cancellable {}

        fun hangUp(abrupt: Boolean) {
            transport?.hangUp(abrupt)
            // A dead network does not answer a close frame.
            if (!abrupt && !isOver) patience = environment.after(PATIENCE) { transport?.hangUp(abrupt = true) }
        }

        override fun opened() =
            inLoop {
                rateLimiter.begin(environment.now())
                tellTransport()
                run(lifecycle.opened(environment.now(), hasHeartbeat = transport?.kind == TransportKind.WEBSOCKET))
            }

        override fun spent() = inLoop { rateLimiter.count(environment.now()) }

        override fun changed() = inLoop { if (phase == Phase.OPEN) tellTransport() }

        private fun tellTransport() {
            this@Connection.transport.value = transport?.kind
        }

        override fun message(text: String?) {
            backlog.enter({ isOver || !isCurrent }, ::warnOfStall)
            // Not before: that it waited here was not silence of the server's.
            val heardAt = environment.now()
            environment.loop.post {
                var isHeld = false
                try {
                    isHeld = isCurrent && receive(text, heardAt)
                } finally {
                    // Its place is given back here, unless the frame is an event, that has to be taken.
                    if (!isHeld) backlog.leave()
                }
            }
        }

        override fun lost(code: Int?, reason: String, failure: TransportFailure?) = inLoop { ended(code, reason, failure) }

        override fun gone() {
            isOver = true
            environment.loop.post {
                patience.cancel()
                living--
                checkGone()
            }
        }

        private fun inLoop(task: () -> Unit) = environment.loop.post { if (isCurrent) task() }

        private fun warnOfStall() {
            environment.loop.post {
                val message = "Nothing more is read from the connection until some of the events that came are taken."
                warn(ownError(ErrorCode.TOO_SLOW, message))
            }
        }
    }

    private fun ended(code: Int?, reason: String, failure: TransportFailure?) {
        val status = failure?.status
        val isFinal = (code != null && !shouldReconnect(code)) || !mayRetryUpgrade(status)
        if (phase == Phase.OPENING) {
            val message = failure?.message ?: "The WebSocket was closed with code $code."
            val kind = if (isFinal) ErrorCode.REFUSED else ErrorCode.FAILED
            val error = ownError(kind, message, !isFinal, failure?.cause, status, code, failure?.retryAfter)
            run(lifecycle.failed(error, isFinal, environment.now()))
        } else {
            val why = failure?.message ?: reason.ifEmpty { "closed" }
            run(lifecycle.lost(code, why, isFinal, environment.now(), status))
        }
    }

    /** Whether the frame is an event that has a place in the backlog until it is taken. */
    private fun receive(text: String?, heardAt: Long): Boolean {
        lifecycle.heard(heardAt)
        when (val frame = if (text == null) ServerFrame.Malformed("a message is not text") else FrameCodec.decode(text)) {
            is ServerFrame.Malformed ->
                warn(ownError(ErrorCode.MALFORMED_FRAME, "The server broke the protocol: ${frame.message}."))
            is ServerFrame.Unknown ->
                warn(ownError(ErrorCode.UNKNOWN_FRAME, "The server sent a frame of a type that this client does not know: ${frame.type}."))
            is ServerFrame.Pong -> Unit
            is ServerFrame.Error -> {
                peers[frame.ns]?.frame(frame)
                warn(CrossroomException(ErrorCode(frame.code), frame.message))
            }
            is ServerFrame.Connected -> {
                maxPayload = frame.maxPayload
                rateLimiter.set(frame.rate, environment.now())
                socket?.transport?.pace(frame.rate)
                run(lifecycle.connected(frame.pingInterval, frame.pingTimeout, environment.now()))
                peers[frame.ns]?.frame(frame)
            }
            is ServerFrame.Event -> return peers[frame.ns]?.event(frame) == true
            is ServerFrame.ConnectError -> peers[frame.ns]?.frame(frame)
            is ServerFrame.Ack -> peers[frame.ns]?.frame(frame)
            is ServerFrame.Disconnect -> peers[frame.ns]?.frame(frame)
        }
        return false
    }

    private fun announce(what: Announcement) {
        val peers = this.peers.values.toList()
        when (what) {
            is Announcement.Opened -> for (peer in peers) peer.opened()
            is Announcement.Failed -> {
                if (!what.final) warn(what.error)
                for (peer in peers) peer.failed(what.error, what.final)
            }
            is Announcement.Closed -> for (peer in peers) peer.lost(what.end)
        }
    }

    private fun startTimer(timer: TimerName, ms: Long) {
        timers.remove(timer)?.cancel()
        timers[timer] =
            environment.after(ms) {
                timers.remove(timer)
                // What was not read for the application's sake was not silence.
                if (backlog.isBlocked) lifecycle.heard(environment.now())
                run(lifecycle.expired(timer, environment.now()))
            }
    }

    private fun checkGone() {
        if (living > 0) return
        val gone = whenGone ?: return
        whenGone = null
        dialer.close { environment.loop.post(gone) }
    }

    private companion object {
        /** Milliseconds in which a close frame is to be answered. */
        const val PATIENCE = 2_000L
    }
}
