package dev.crossroom.rooms

import dev.crossroom.Value

/** Makes calls, if there is a connection. */
internal interface Caller {
    val isUp: Boolean

    /** What the data of one message may have, in bytes of JSON; as the last welcome said, if it did. */
    val messageBytes: Long?

    fun call(name: String, argument: Value.Object, done: (CallOutcome<Value>) -> Unit)
}
