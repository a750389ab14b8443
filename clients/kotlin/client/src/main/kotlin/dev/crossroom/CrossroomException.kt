package dev.crossroom

/**
 * Why an operation failed.
 *
 * @property code for programs to match on; see [ErrorCode].
 * @property retryable whether the same call may succeed later without the caller doing anything.
 * @property data what the server said with a refused connect ([ErrorCode.CONNECT_ERROR]); null where it said nothing.
 * @property httpStatus of an upgrade that was refused; else null.
 * @property closeCode of the WebSocket, where its close was the reason; else null.
 * @property retryAfterMillis in how many milliseconds the same call may be made again at the earliest, where the server has said it.
 */
public class CrossroomException
    @JvmOverloads
    constructor(
        public val code: ErrorCode,
        message: String,
        public val retryable: Boolean = false,
        public val data: Value? = null,
        public val httpStatus: Int? = null,
        public val closeCode: Int? = null,
        cause: Throwable? = null,
        public val retryAfterMillis: Long? = null,
    ) : Exception(message, cause) {
        override fun toString(): String = "CrossroomException: $code: $message"
    }

/**
 * To be thrown by a function that gets credentials, where there will be none any more (the user has signed out, say): the client then
 * gives up. Anything else that such a function throws makes the client ask again later.
 */
public class NoMoreCredentials
    @JvmOverloads
    constructor(message: String, cause: Throwable? = null) : Exception(message, cause)

private val MESSAGES =
    mapOf(
        ErrorCode.CLOSED to "The client was closed. Make a new one.",
        ErrorCode.DISCONNECTED to "The connection was lost before the ack. Whether the call was carried out is not known.",
        ErrorCode.TIMEOUT to "The ack did not come in time. Whether the call was carried out is not known.",
        ErrorCode.BUFFER_FULL to "Too many events wait for the connection. This one was not taken.",
        ErrorCode.TOO_MANY_PENDING to "As many publishes and sends as `maxPending` wait for their acks. Wait for some of them.",
        ErrorCode.TOO_SLOW to
            "The collector lagged behind by more than `maxLag`, and what it missed is not kept any more. Collect faster, or join again.",
        ErrorCode.ABORTED to "The call was given up. Whether it was carried out is not known.",
        ErrorCode.UNCONFIRMED to
            "The connection was lost before the ack, for longer than the server remembers ids. " +
            "Whether the call was carried out is not known.",
        ErrorCode.BAD_ANSWER to "The server's answer is not one of the room API.",
        ErrorCode.REFUSED to "The server refused the connection.",
        ErrorCode.IN_USE to "The inbox has a processor already. It takes one at a time.",
    )

/** An error of the client's own. `detail` replaces the usual message where more can be said. */
internal fun ownError(
    code: ErrorCode,
    detail: String? = null,
    retryable: Boolean = false,
    cause: Throwable? = null,
    httpStatus: Int? = null,
    closeCode: Int? = null,
    retryAfter: Long? = null,
): CrossroomException = CrossroomException(code, detail ?: MESSAGES[code] ?: code.value, retryable, null, httpStatus, closeCode, cause, retryAfter)

/** What something of the application's threw, as a warning to give. */
internal fun warningOf(thrown: Throwable): CrossroomException =
    thrown as? CrossroomException ?: ownError(ErrorCode.FAILED, thrown.message ?: thrown.toString(), cause = thrown)
