package dev.crossroom.rooms

import dev.crossroom.CrossroomException
import dev.crossroom.Value

/** One call that is made until it is answered for good. */
internal interface PendingCall {
    val name: String
    val argument: Value.Object

    /** The id that the server knows it by again; null for what may be done twice, as it only reads. */
    val id: String?

    /** The bytes of `argument` as JSON. */
    val bytes: Long

    /** Those of what counts as its message's data: of a publish or a send; else 0. */
    val dataBytes: Long

    /** @param answer as the server's, of this call. */
    fun resolve(answer: Value)

    fun reject(error: CrossroomException)
}
