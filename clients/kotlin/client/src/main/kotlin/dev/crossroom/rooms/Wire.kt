package dev.crossroom.rooms

import dev.crossroom.CrossroomException
import dev.crossroom.Device
import dev.crossroom.ErrorCode
import dev.crossroom.InboxItem
import dev.crossroom.InboxMessage
import dev.crossroom.InboxReceipt
import dev.crossroom.Member
import dev.crossroom.MembersPage
import dev.crossroom.Position
import dev.crossroom.Published
import dev.crossroom.RoomMessage
import dev.crossroom.Self
import dev.crossroom.Sender
import dev.crossroom.Signal
import dev.crossroom.Value

/** The answers and notices of docs/rooms-api.md, read from values. All throw [NotOfTheApi] where a field is missing. */
internal object Wire {
    fun position(value: Value?): Position = Position(text(value, "epoch"), natural(value, "offset"))

    fun position(position: Position): Value.Object =
        Value.Object(mapOf("epoch" to Value.Text(position.epoch), "offset" to Value.Integer(position.offset)))

    fun joined(value: Value): JoinAnswer =
        JoinAnswer(
            position(value["position"]),
            value["recovered"]?.boolean,
            value["messages"]?.list.orEmpty().map(::message),
            optionalList(value, "members")?.map(::member),
            count(value),
            value["history"]?.takeIf { it.map != null }?.let(::history),
        )

    fun history(value: Value): HistoryPage = HistoryPage(list(value, "messages").map(::message), more(value))

    fun message(value: Value): RoomMessage =
        RoomMessage(
            text(value, "room"),
            text(value, "id"),
            position(value["position"]),
            sender(value["from"]),
            value["data"] ?: throw NotOfTheApi("data is missing"),
            long(value, "at"),
        )

    fun signal(value: Value): Signal =
        Signal(
            text(value, "room"),
            sender(value["from"]),
            value["data"] ?: throw NotOfTheApi("data is missing"),
            long(value, "at"),
        )

    fun presence(value: Value): PresenceEvent =
        PresenceEvent(
            text(value, "room"),
            count(value),
            optionalList(value, "changes")?.map(::change),
            optionalList(value, "members")?.map(::member),
        )

    fun membersPage(value: Value): MembersPage = MembersPage(list(value, "members").map(::member), count(value), more(value))

    /** Null for an item of a type that this version does not know. */
    fun item(value: Value): InboxItem? {
        val id = text(value, "id")
        val position = position(value["position"])
        val at = long(value, "at")
        return when (text(value, "type")) {
            "message" ->
                InboxMessage(id, position, sender(value["from"]), value["data"] ?: throw NotOfTheApi("data is missing"), at)
            "receipt" -> InboxReceipt(id, position, text(value["from"], "user"), at)
            else -> null
        }
    }

    fun published(value: Value): Published = Published(text(value, "id"), position(value["position"]), long(value, "at"))

    fun opened(value: Value): InboxOpened = InboxOpened(position(value["cursor"]), natural(value, "waiting"), value["recovered"]?.boolean != false)

    fun welcome(value: Value): Welcome =
        Welcome(
            Self(
                text(value, "user"),
                text(value, "name"),
                text(value, "sid"),
                text(value, "device"),
                value["guest"]?.boolean == true,
                value["expiresAt"]?.long,
            ),
            value["token"]?.text,
            value["messageBytes"]?.long?.takeIf { it > 0 },
        )

    /** The token of a `token_renewed`. */
    fun renewed(value: Value): String = text(value, "token")

    /** Null where it is no error of the room API. */
    fun error(value: Value?): CrossroomException? {
        val code = value?.get("code")?.text ?: return null
        val message = value["message"]?.text ?: return null
        val retryable = value["retryable"]?.boolean ?: return null
        val retryAfter = value["retryAfter"]?.double?.takeIf { it > 0 }?.coerceAtMost(MAX_WAIT)?.toLong()
        return CrossroomException(ErrorCode(code), message, retryable, retryAfterMillis = retryAfter)
    }

    fun long(value: Value?, name: String): Long = value?.get(name)?.long ?: throw NotOfTheApi("$name is missing")

    /** A whole number that is not negative. */
    private fun natural(value: Value?, name: String): Long = long(value, name).takeIf { it >= 0 } ?: throw NotOfTheApi("$name is negative")

    private fun text(value: Value?, name: String): String = value?.get(name)?.text ?: throw NotOfTheApi("$name is missing")

    private fun list(value: Value?, name: String): List<Value> = value?.get(name)?.list ?: throw NotOfTheApi("$name is missing")

    /** Null where there is none; what is there has to be a list. */
    private fun optionalList(value: Value, name: String): List<Value>? = if (value[name] == null) null else list(value, name)

    private fun count(value: Value): Int = natural(value, "count").coerceAtMost(Int.MAX_VALUE.toLong()).toInt()

    private fun more(value: Value): Boolean = value["more"]?.boolean ?: throw NotOfTheApi("more is missing")

    private fun change(value: Value): PresenceChange =
        PresenceChange(
            changeType(text(value, "type")),
            member(value["member"]),
            optionalList(value, "gone").orEmpty().map { it.text ?: throw NotOfTheApi("gone has what is no id") },
        )

    private fun changeType(name: String): ChangeType =
        when (name) {
            "join" -> ChangeType.JOIN
            "update" -> ChangeType.UPDATE
            "leave" -> ChangeType.LEAVE
            else -> throw NotOfTheApi("$name is no change of presence")
        }

    private fun member(value: Value?): Member =
        Member(
            text(value, "user"),
            text(value, "name"),
            list(value, "devices").map { Device(text(it, "id"), text(it, "sid"), text(it, "transport")) },
        )

    private fun sender(value: Value?): Sender = Sender(text(value, "user"), text(value, "name"), text(value, "sid"), text(value, "transport"))

    /** Milliseconds of a `retryAfter`, at most: what timers take. */
    private const val MAX_WAIT = 2_147_483_647.0
}
