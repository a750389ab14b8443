package dev.crossroom.rooms

import dev.crossroom.Member
import dev.crossroom.Position
import dev.crossroom.RoomMessage
import dev.crossroom.Self

/** The answer of a `join`. `recovered` is null where no `since` was given, `members` where the room is counted, `history` where there is none. */
internal class JoinAnswer(
    val position: Position,
    val recovered: Boolean?,
    val messages: List<RoomMessage>,
    val members: List<Member>?,
    val count: Int,
    val history: HistoryPage?,
)

internal class HistoryPage(val messages: List<RoomMessage>, val more: Boolean)

/** With changes, or with all members, or, of a room that is counted, with neither. */
internal class PresenceEvent(val room: String, val count: Int, val changes: List<PresenceChange>?, val members: List<Member>?)

/** Of an `update`, `member` has the devices that are new or changed, and `gone` the ids of those that went. */
internal class PresenceChange(val type: ChangeType, val member: Member, val gone: List<String>)

internal enum class ChangeType { JOIN, UPDATE, LEAVE }

/** `recovered` false: items were dropped that this device had not processed. */
internal class InboxOpened(val cursor: Position, val waiting: Long, val recovered: Boolean)

/** A welcome: who one is, for guests the token to come back with, and what the data of one message may have, in bytes of JSON. */
internal class Welcome(val self: Self, val token: String?, val messageBytes: Long?)

/** What a server said that is not in the words of docs/rooms-api.md. */
internal class NotOfTheApi(message: String) : Exception(message)
