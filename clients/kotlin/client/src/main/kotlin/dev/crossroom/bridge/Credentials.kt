package dev.crossroom.bridge

import dev.crossroom.Cancellable
import dev.crossroom.CrossroomException
import dev.crossroom.ErrorCode
import dev.crossroom.NoMoreCredentials
import dev.crossroom.Value
import dev.crossroom.ownError
import dev.crossroom.session.Backoff
import dev.crossroom.warningOf

/**
 * Asks for a namespace's credentials, and asks again after that failed, with the delays of the connection; other namespaces are left in
 * peace. Of the questions only the last one counts, and none after it was withdrawn.
 */
internal class Credentials(
    private val environment: Environment,
    private val backoff: Backoff,
    private val provider: suspend () -> Value.Object?,
    private val given: (Value.Object?) -> Unit,
    private val warn: (CrossroomException) -> Unit,
    private val exhausted: (CrossroomException) -> Unit,
) {
    private var failures = 0
    private var underWay = Cancellable {}

    /** Whether a delay runs before it is asked again. */
    private var isWaiting = false

    fun ask() {
        withdraw()
        underWay =
            environment.ask(provider) { result ->
                result.fold({
                    failures = 0
                    given(it)
                }, ::failed)
            }
    }

    /** No answer is wanted any more. */
    fun withdraw() {
        isWaiting = false
        underWay.cancel()
    }

    /** Asks now, where a delay runs. */
    fun hurry() {
        if (isWaiting) ask()
    }

    private fun failed(thrown: Throwable) {
        if (thrown is NoMoreCredentials) {
            failures = 0
            exhausted(ownError(ErrorCode.UNAUTHORIZED, thrown.message, cause = thrown))
            return
        }
        isWaiting = true
        underWay = environment.after(backoff.delay(failures++, environment.random()), ::ask)
        warn(warningOf(thrown))
    }
}
