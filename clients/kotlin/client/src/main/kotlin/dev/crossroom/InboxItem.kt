package dev.crossroom

/** An item of the inbox. More kinds may come: a `when` needs an `else`. */
public abstract class InboxItem internal constructor() {
    /** The message's id; of a receipt, that of one's own message that was processed. */
    public abstract val id: String

    /** Its place in the inbox. */
    public abstract val position: Position

    /** Milliseconds since the Unix epoch, by the server's clock. */
    public abstract val at: Long
}

/** A message to this user. */
public data class InboxMessage(
    override val id: String,
    override val position: Position,
    public val from: Sender,
    public val data: Value,
    override val at: Long,
) : InboxItem()

/** Says that a message of one's own was processed. `user`: who processed it. */
public data class InboxReceipt(
    override val id: String,
    override val position: Position,
    public val user: String,
    override val at: Long,
) : InboxItem()
