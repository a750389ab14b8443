package dev.crossroom.agent

import dev.crossroom.NoMoreCredentials
import dev.crossroom.Value
import kotlinx.coroutines.CompletableDeferred
import java.util.concurrent.ConcurrentHashMap

/** Credentials that the suite is asked for. */
class CredentialRequests(private val client: String, private val keys: Keys) {
    private val waiting = ConcurrentHashMap<Long, CompletableDeferred<Value>>()

    suspend fun ask(): Value {
        val key = keys.next()
        val answer = CompletableDeferred<Value>()
        check(waiting.size < MAX_WAITING) { "too many questions wait for their answers" }
        waiting[key] = answer
        try {
            Output.event(client, "ask", "key" to key)
            return answer.await()
        } finally {
            // The client may have given the question up.
            waiting.remove(key)
        }
    }

    fun give(command: Value) {
        val answer = waiting.remove(command["key"]?.long) ?: return
        val error = command["error"]
        if (error == null || error.isNull) {
            answer.complete(command["value"] ?: Value.Null)
        } else {
            val message = error["message"]?.text ?: "no credentials"
            answer.completeExceptionally(
                if (error["final"]?.boolean == true) NoMoreCredentials(message) else IllegalStateException(message),
            )
        }
    }

    private companion object {
        const val MAX_WAITING = 1_000
    }
}
