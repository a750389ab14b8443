package dev.crossroom.rooms

import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.Value
import dev.crossroom.bridge.Environment
import dev.crossroom.warningOf

/**
 * Goes on with a new token before the old one runs out, while the connection lasts (docs/rooms-api.md, 10.4).
 *
 * @param provider gets a token; null where there is nothing that does.
 * @param refresh makes the call.
 * @param refreshed told of the new token's end, in milliseconds since the Unix epoch; null where it has none.
 */
internal class Renewal(
    private val environment: Environment,
    private val provider: (suspend () -> String)?,
    private val refresh: (token: String, done: (CallOutcome<Value>) -> Unit) -> Unit,
    private val refreshed: (expiresAt: Long?) -> Unit,
    private val failed: (CrossroomException) -> Unit,
) {
    /** Counts what was begun or stopped: late answers are of an earlier generation. */
    private var generation = 0
    private var failures = 0
    private var underWay = Cancellable {}

    fun start() {
        stop()
        failures = 0
        attempt()
    }

    fun stop() {
        generation++
        underWay.cancel()
    }

    private fun attempt() {
        underWay = environment.ask(provider ?: return) { result -> result.fold(::show) { later(warningOf(it)) } }
    }

    private fun show(token: String) {
        val generation = this.generation
        refresh(token) { outcome ->
            if (generation == this.generation) {
                when (outcome) {
                    is CallOutcome.Ok -> refreshed(outcome.result["expiresAt"]?.long)
                    is CallOutcome.Timeout -> show(token)
                    // Where it is refused for good, the server ends the session in time, and a reconnect asks for another token.
                    is CallOutcome.Refused -> if (outcome.error.retryable) later(outcome.error) else failed(outcome.error)
                    is CallOutcome.Lost -> Unit
                }
            }
        }
    }

    private fun later(error: CrossroomException) {
        underWay = environment.after(retryDelay(++failures, environment.random(), error), ::attempt)
        failed(error)
    }
}
