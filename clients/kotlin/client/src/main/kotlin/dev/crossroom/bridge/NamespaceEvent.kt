package dev.crossroom.bridge

import dev.crossroom.CrossroomException
import dev.crossroom.Value

/** Something that happened in a namespace. More kinds may come: a `when` needs an `else`. */
public abstract class NamespaceEvent internal constructor() {
    /** It is connected, for the first time or again. `recovered`: the server has the former session, and what was missed follows. */
    public class Connected internal constructor(public val sid: String, public val recovered: Boolean) : NamespaceEvent()

    /**
     * It is not connected any more.
     *
     * @property isFinal whether the client does not come back by itself.
     * @property closeCode of the WebSocket, where it had one.
     * @property reason for people.
     */
    public class Disconnected internal constructor(
        public val isFinal: Boolean,
        public val closeCode: Int?,
        public val reason: String,
        /** Whether the connection broke, without a close frame: what is 1006 in other libraries. */
        internal val isCut: Boolean,
    ) : NamespaceEvent()

    /** A connect that the client made by itself was refused for good. */
    public class Refused(public val error: CrossroomException) : NamespaceEvent()

    /**
     * The server sent an event.
     *
     * @property name of the event.
     * @property args its arguments.
     * @property wantsAnswer whether the server waits for an ack.
     */
    public class Message internal constructor(
        public val name: String,
        public val args: List<Value>,
        public val wantsAnswer: Boolean,
        private val answerWith: suspend (List<Value>) -> Unit,
    ) : NamespaceEvent() {
        /**
         * Acks the event: once, and on the connection that it came on; else this does nothing.
         *
         * @throws CrossroomException `buffer_full` where the network does not take it: to be tried again; `payload_too_large`, `invalid_argument`.
         */
        public suspend fun answer(vararg args: Value): Unit = answerWith(args.asList())
    }
}
