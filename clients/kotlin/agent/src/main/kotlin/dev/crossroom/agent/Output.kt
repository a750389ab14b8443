package dev.crossroom.agent

import dev.crossroom.CrossroomException
import dev.crossroom.Value
import dev.crossroom.json

/** Standard output, a line at a time. */
object Output {
    @Synchronized
    fun write(line: Value) {
        println(line)
        System.out.flush()
    }

    fun event(client: String, event: String, vararg fields: Pair<String, Any?>) = write(json("client" to client, "event" to event, *fields))
}

/** An error as the suite reads it. */
fun errorOf(error: CrossroomException): Value {
    val fields = arrayOf<Pair<String, Any?>>("code" to error.code.value, "message" to error.message, "retryable" to error.retryable)
    return error.data?.let { json(*fields, "data" to it) } ?: json(*fields)
}
