package dev.crossroom.rooms

import dev.crossroom.CrossroomException
import dev.crossroom.Device
import dev.crossroom.ErrorCode
import dev.crossroom.InboxItem
import dev.crossroom.InboxMessage
import dev.crossroom.InboxReceipt
import dev.crossroom.Member
import dev.crossroom.Position
import dev.crossroom.Published
import dev.crossroom.RoomMessage
import dev.crossroom.Self
import dev.crossroom.Sender
import dev.crossroom.Signal
import dev.crossroom.Value

/** The answer of a `join`. `recovered` is null where no `since` was given. */
internal class JoinAnswer(
    val position: Position,
    val recovered: Boolean?,
    val messages: List<RoomMessage>,
    val members: List<Member>,
    val count: Int,
)

internal class HistoryPage(val messages: List<RoomMessage>, val more: Boolean)

internal class PresenceChange(val room: String, val type: String, val member: Member)

internal class InboxOpened(val cursor: Position, val waiting: Long)

/** A welcome: who one is, and for guests the token to come back with. */
internal class Welcome(val self: Self, val token: String?)

/** What a server said that is not in the words of docs/rooms-api.md. */
internal class NotOfTheApi(message: String) : Exception(message)

/** The answers and notices of docs/rooms-api.md, read from values. All throw [NotOfTheApi] where a field is missing. */
internal object Wire {
    fun position(value: Value?): Position = Position(text(value, "epoch"), long(value, "offset"))

    fun position(position: Position): Value.Object =
        Value.Object(mapOf("epoch" to Value.Text(position.epoch), "offset" to Value.Integer(position.offset)))

    fun joined(value: Value): JoinAnswer =
        JoinAnswer(
            position(value["position"]),
            value["recovered"]?.boolean,
            value["messages"]?.list.orEmpty().map(::message),
            list(value, "members").map(::member),
            long(value, "count").toInt(),
        )

    fun history(value: Value): HistoryPage = HistoryPage(list(value, "messages").map(::message), value["more"]?.boolean == true)

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

    fun presence(value: Value): PresenceChange =
        PresenceChange(text(value, "room"), text(value, "type"), member(value["member"] ?: throw NotOfTheApi("member is missing")))

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

    fun opened(value: Value): InboxOpened = InboxOpened(position(value["cursor"]), long(value, "waiting"))

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
        )

    /** Null where it is no error of the room API. */
    fun error(value: Value?): CrossroomException? {
        val code = value?.get("code")?.text ?: return null
        val message = value["message"]?.text ?: return null
        val retryable = value["retryable"]?.boolean ?: return null
        return CrossroomException(ErrorCode(code), message, retryable)
    }

    fun long(value: Value?, name: String): Long = value?.get(name)?.long ?: throw NotOfTheApi("$name is missing")

    private fun text(value: Value?, name: String): String = value?.get(name)?.text ?: throw NotOfTheApi("$name is missing")

    private fun list(value: Value, name: String): List<Value> = value[name]?.list ?: throw NotOfTheApi("$name is missing")

    private fun member(value: Value): Member =
        Member(
            text(value, "user"),
            text(value, "name"),
            list(value, "devices").map { Device(text(it, "id"), text(it, "sid"), text(it, "transport")) },
        )

    private fun sender(value: Value?): Sender =
        Sender(text(value, "user"), text(value, "name"), text(value, "sid"), text(value, "transport"))
}
