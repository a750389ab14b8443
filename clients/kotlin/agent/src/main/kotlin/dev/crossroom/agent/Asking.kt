package dev.crossroom.agent

import dev.crossroom.ConnectionOptions
import dev.crossroom.MemoryStorage
import dev.crossroom.NoMoreCredentials
import dev.crossroom.Storage
import dev.crossroom.Value
import kotlinx.coroutines.CompletableDeferred
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicLong

/** Keys for what is answered later. */
class Keys {
    private val last = AtomicLong()

    fun next(): Long = last.incrementAndGet()
}

/** Credentials that the suite is asked for. */
class Asking(private val client: String, private val keys: Keys) {
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

/** Storages by name, as long as the agent runs. */
class Storages {
    private val storages = ConcurrentHashMap<String, Storage>()

    fun named(name: String): Storage = storages[name] ?: MemoryStorage().also { storages[name] = it }
}

/** The options of `open` that both layers have. */
fun ConnectionOptions.take(command: Value) {
    command["path"]?.text?.let { path = it }
    command["headers"]?.map?.let { fields -> headers(fields.mapValues { it.value.text ?: it.value.toString() }) }
    command["reconnect"]?.let { given ->
        given["min"]?.long?.let { reconnect.minDelayMillis = it }
        given["max"]?.long?.let { reconnect.maxDelayMillis = it }
        given["timeout"]?.long?.let { reconnect.timeoutMillis = it }
    }
}
