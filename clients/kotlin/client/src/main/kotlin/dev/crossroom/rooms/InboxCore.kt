package dev.crossroom.rooms

import dev.crossroom.Callback
import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.InboxItem
import dev.crossroom.Position
import dev.crossroom.bridge.Environment
import dev.crossroom.json
import dev.crossroom.ownError
import dev.crossroom.warningOf

internal interface InboxHost : Caller {
    val device: String
    val environment: Environment
    val stored: StoredState

    /** Why nothing can be done any more, after the end. */
    val over: CrossroomException?

    fun warn(error: CrossroomException)

    /** Items were dropped that this device had not processed. */
    fun inboxLost()
}

/** The inbox: opens it again after each reconnect, and has its items processed one by one. In the loop alone, but for what says otherwise. */
internal class InboxCore(private val host: InboxHost) {
    private val environment = host.environment
    private var log = InboxLog(null)

    /** Whose inbox `log` is of. */
    private var user: String? = null
    private var processor: (suspend (InboxItem) -> Unit)? = null

    /** Whether the inbox was asked for: it is opened on each connection from then on. */
    private var isWanted = false
    private var isOpen = false
    private val waiters = ArrayList<Callback<Long>>()

    /** Counts connections; what belongs to an earlier one is ignored. */
    private var generation = 0
    private var openFailures = 0
    private var ackFailures = 0
    private var processFailures = 0

    /** The server has said that the inbox is not to be opened before. */
    private var notBefore = Long.MIN_VALUE
    private var callTimer = Cancellable {}

    /** The item in hand, or the pause before it is given again. */
    private var processing = Cancellable {}

    /** May be read from any thread. */
    @Volatile
    var cursor: Position? = null
        private set

    fun process(next: suspend (InboxItem) -> Unit, callback: Callback<Long>): Cancellable {
        val refusal = host.over ?: if (processor != null) ownError(ErrorCode.IN_USE) else null
        if (refusal != null) {
            callback.onFailure(refusal)
            return Cancellable {}
        }
        processor = next
        perform(log.processing(true))
        waiters.add(callback)
        isWanted = true
        // On a connection where it is open already too: only the server knows how many items wait.
        open()
        return Cancellable {
            if (waiters.remove(callback)) stop()
        }
    }

    /** Nobody processes items any more; the one in hand is not processed. */
    fun stop() {
        processing.cancel()
        processor = null
        perform(log.processing(false))
    }

    /** There is a connection, of this user. */
    fun up(user: String) {
        if (user != this.user) begin(user)
        if (isWanted) open()
    }

    /** The connection is lost. */
    fun down() {
        generation++
        isOpen = false
        callTimer.cancel()
        log.away()
    }

    /** There will be no connection any more. */
    fun end(error: CrossroomException) {
        down()
        isWanted = false
        stop()
        for (waiter in takeWaiters()) waiter.onFailure(error)
    }

    fun onItem(item: InboxItem) {
        if (isOpen) perform(log.received(item))
    }

    private fun begin(user: String) {
        this.user = user
        processing.cancel()
        log = InboxLog(host.stored.processed(user, host.device))
        perform(log.processing(processor != null))
    }

    private fun open() {
        if (!host.isUp) return
        generation++
        val generation = this.generation
        callTimer.cancel()
        val early = notBefore - environment.now()
        if (notBefore != Long.MIN_VALUE && early > 0) {
            callTimer = environment.after(early, ::open)
            return
        }
        val since = log.cursor
        host.call("inbox", if (since == null) json() else json("since" to Wire.position(since))) { answer ->
            if (generation == this.generation) answer.read(Wire::opened).handle(::opened, ::open, ::refused)
        }
    }

    private fun opened(opened: InboxOpened) {
        isOpen = true
        openFailures = 0
        val waiting = takeWaiters()
        perform(log.opened(opened.cursor))
        if (!opened.recovered) host.inboxLost()
        // Last: who is told may look at the cursor at once, on a thread of its own.
        for (waiter in waiting) waiter.onSuccess(opened.waiting)
    }

    private fun refused(error: CrossroomException) {
        // One that was open before is worth another try, though the server talks nonsense.
        if (error.retryable || (error.mayPass && waiters.isEmpty())) {
            error.retryAfterMillis?.let { notBefore = environment.now() + it }
            callTimer = environment.after(retryDelay(++openFailures, environment.random(), error), ::open)
            return host.warn(error)
        }
        isWanted = false
        val waiting = takeWaiters()
        if (waiting.isEmpty()) host.warn(error)
        for (waiter in waiting) waiter.onFailure(error)
        stop()
    }

    private fun perform(effects: List<InboxEffect>) {
        cursor = log.cursor
        for (effect in effects) {
            when (effect) {
                is InboxEffect.Keep -> user?.let { host.stored.keepProcessed(it, host.device, effect.position) }
                is InboxEffect.Ack -> ack(effect.position)
                is InboxEffect.Process -> give(effect.item)
            }
        }
    }

    private fun ack(position: Position) {
        val generation = this.generation
        host.call("inbox_ack", json("position" to Wire.position(position))) { outcome ->
            if (generation == this.generation) {
                when (outcome) {
                    is CallOutcome.Ok -> {
                        ackFailures = 0
                        perform(log.acked())
                    }
                    is CallOutcome.Timeout -> perform(log.ackFailed(position))
                    is CallOutcome.Refused -> ackRefused(position, outcome.error)
                    is CallOutcome.Lost -> Unit
                }
            }
        }
    }

    private fun ackRefused(position: Position, error: CrossroomException) {
        when {
            error.retryable ->
                callTimer =
                    environment.after(retryDelay(++ackFailures, environment.random(), error)) { perform(log.ackFailed(position)) }
            error.code == ErrorCode.INBOX_NOT_OPEN -> open()
            else -> {
                // The next one covers it; and when the inbox is opened again, `since` says it.
                host.warn(error)
                perform(log.acked())
            }
        }
    }

    private fun give(item: InboxItem) {
        val processor = this.processor ?: return
        processing =
            environment.ask({ processor(item) }) { result ->
                result.fold({
                    processFailures = 0
                    perform(log.done())
                }, ::notProcessed)
            }
    }

    private fun notProcessed(thrown: Throwable) {
        log.failed()
        val delay = retryDelay(++processFailures, environment.random())
        processing = environment.after(delay) { perform(log.processing(true)) }
        host.warn(warningOf(thrown))
    }

    private fun takeWaiters(): List<Callback<Long>> = ArrayList(waiters).also { waiters.clear() }
}
