package dev.crossroom.transport

import dev.crossroom.Cancellable
import dev.crossroom.TransportKind
import dev.crossroom.frames.EventParser
import dev.crossroom.frames.Rate
import dev.crossroom.session.HttpAnswer
import dev.crossroom.session.HttpEffect
import dev.crossroom.session.HttpSession
import dev.crossroom.session.HttpTerms
import okhttp3.Call
import okio.BufferedSource
import java.util.concurrent.Executor

/** What a session over HTTP may do. */
internal class HttpWays(val stream: Boolean, val poll: Boolean)

/**
 * The shell around a session over HTTP: it makes the requests that the session asks for, on threads of `executor`, and owns its timer. One thread reads, one
 * answer after the other, and hands frames on itself: in order, and no faster than they are taken.
 *
 * @param pollsWork called when a poll has brought something after a stream has not.
 */
internal class HttpTransport(
    private val requests: HttpRequests,
    private val terms: HttpTerms,
    ways: HttpWays,
    private val timing: Timing,
    private val executor: Executor,
    private val listener: TransportListener,
    private val pollsWork: () -> Unit,
) : Transport {
    private class Reading(val effect: HttpEffect.Read, val call: Call)

    private val lock = Any()

    /** All below is used under [lock], and nothing that waits is done there. */
    private val session = HttpSession(terms, ways.stream, ways.poll, timing::random)
    private var reading: Reading? = null

    /** What the reading thread does when it is done with what it does. */
    private var nextReading: Reading? = null
    private var isThreadReading = false
    private var posting: Call? = null
    private var leaving: Call? = null
    private var tasks = 0
    private var timer = Cancellable {}
    private var timerDue: Long? = null
    private var isGone = false

    /** Connections that were given up because nothing came: another request is not made over one of them. */
    @Volatile private var isStale = false

    @Volatile private var isOver = false

    @Volatile
    override var kind = if (ways.stream) TransportKind.SSE else TransportKind.POLLING
        private set
    override val isReached: Boolean get() = true
    override val queuedBytes: Long get() = synchronized(lock) { session.queuedBytes }

    fun begin() = run { begin(it) }

    override fun send(text: String) {
        if (!isOver) run { send(text, it) }
    }

    override fun pace(rate: Rate) = synchronized(lock) { session.pace(rate, timing.now()) }

    override fun networkChanged(): Boolean {
        isStale = true
        run { networkChanged(it) }
        return true
    }

    override fun hangUp(abrupt: Boolean) {
        isOver = true
        if (!abrupt) return run { leave(it) }
        run { stop() }
        synchronized(lock) { leaving }?.cancel()
    }

    /** Tells the session what happened, and does what it says. */
    private fun run(input: HttpSession.(now: Long) -> List<HttpEffect>) {
        val effects =
            synchronized(lock) {
                session.input(timing.now()).onEach(::perform).also { schedule() }
            }
        for (effect in effects) tell(effect)
        checkGone()
    }

    private fun perform(effect: HttpEffect) {
        when (effect) {
            is HttpEffect.Read -> read(Reading(effect, requests.read(terms.session, effect)))
            is HttpEffect.StopRead -> {
                // Of one that is being left nothing is known.
                if (!isOver) isStale = true
                if (nextReading?.effect?.id == effect.id) nextReading = null
                reading?.let { if (it.effect.id == effect.id) it.call.cancel() }
            }
            is HttpEffect.Post -> {
                val call = requests.send(terms.session, effect)
                posting = call
                start { post(effect.id, call) }
            }
            is HttpEffect.StopPost -> {
                isStale = true
                posting?.cancel()
            }
            is HttpEffect.Delete -> {
                val call = requests.leave(terms.session)
                leaving = call
                start { answered(call) }
            }
            is HttpEffect.ChangedToPolls -> kind = TransportKind.POLLING
            is HttpEffect.Deliver, is HttpEffect.PollsWork, is HttpEffect.End -> Unit
        }
    }

    /** Outside of the lock: those who are told may take their time. */
    private fun tell(effect: HttpEffect) {
        when (effect) {
            is HttpEffect.Deliver -> deliver(effect.text)
            is HttpEffect.Read -> listener.spent()
            is HttpEffect.Post -> if (effect.lines.isEmpty()) listener.spent()
            is HttpEffect.ChangedToPolls -> if (!isOver) listener.changed()
            is HttpEffect.PollsWork -> pollsWork()
            is HttpEffect.End -> {
                val wasOver = isOver
                isOver = true
                val failure = effect.status?.let { TransportFailure(effect.reason, it, null) }
                if (!wasOver) listener.lost(effect.code, effect.reason, failure)
            }
            else -> Unit
        }
    }

    private fun deliver(text: String) {
        if (isOver) return
        synchronized(lock) { session.hold(timing.now()) }
        listener.message(text)
        synchronized(lock) {
            session.release(timing.now())
            schedule()
        }
    }

    private fun start(task: () -> Unit) {
        tasks++
        executor.execute {
            try {
                task()
            } finally {
                synchronized(lock) { tasks-- }
                checkGone()
            }
        }
    }

    private fun read(next: Reading) {
        nextReading = next
        if (isThreadReading) return
        isThreadReading = true
        start(::readAll)
    }

    private fun readAll() {
        while (true) {
            val next =
                synchronized(lock) {
                    reading = nextReading
                    nextReading = null
                    if (reading == null) isThreadReading = false
                    reading
                } ?: return
            readOnce(next)
        }
    }

    private fun readOnce(reading: Reading) {
        val id = reading.effect.id
        val refusal =
            attempt {
                reading.call.execute().use { response ->
                    val body = response.body
                    if (response.code != OK || body == null) {
                        answerOf(response)
                    } else {
                        readEvents(id, body.source())
                        null
                    }
                }
            }
        run { now -> if (refusal == null) readEnded(id, now) else readRefused(id, refusal, now) }
    }

    private fun readEvents(id: Int, source: BufferedSource) {
        val parser = EventParser()
        val bytes = ByteArray(BUFFER)
        while (true) {
            val count = source.read(bytes)
            if (count < 0) return
            synchronized(lock) { session.heard(id, timing.now()) }
            parser.read(bytes, count) { event -> run { now -> event(id, event, now) } }
        }
    }

    private fun post(id: Int, call: Call) {
        val answer = answered(call)
        run { now -> posted(id, answer, now) }
    }

    private fun answered(call: Call): HttpAnswer? = attempt { call.execute().use(::answerOf) }

    /** Null where there is no answer: what broke, or was cancelled, is all the same. */
    private fun <T> attempt(request: () -> T?): T? {
        if (isStale) {
            isStale = false
            requests.forgetConnections()
        }
        return try {
            request()
        } catch (_: Exception) {
            null
        }
    }

    /** Sees to it that the session is asked when something is due. What was due later meanwhile is found out then. */
    private fun schedule() {
        val due = session.deadline
        val running = timerDue
        if (due == null || (running != null && running <= due)) return
        timer.cancel()
        timerDue = due
        val now = timing.now()
        timer =
            timing.after(if (due <= now) 0 else due - now) {
                synchronized(lock) { timerDue = null }
                run { tick(it) }
            }
    }

    private fun checkGone() {
        synchronized(lock) {
            if (isGone || !session.isOver || tasks > 0) return
            isGone = true
            timer.cancel()
        }
        isOver = true
        listener.gone()
    }

    private companion object {
        const val OK = 200
        const val BUFFER = 16_384
    }
}
