package dev.crossroom.rooms

import dev.crossroom.Member
import dev.crossroom.Members

/** Who is in a room, as far as the server has told (docs/rooms-api.md, 8). Pure: what is returned is a picture of a moment. */
internal class MemberList {
    var now = Members(emptyMap(), 0, isCounted = false)
        private set

    /** What a join is answered with, or an event says: members, changes of those that are known, or, of a counted room, neither. */
    fun told(count: Int, members: List<Member>?, changes: List<PresenceChange>? = null): Members {
        val known = if (changes == null) emptyList() else now.byUser.values
        val next = (members ?: known).associateByTo(LinkedHashMap()) { it.user }
        for (change in changes.orEmpty()) apply(change, next)
        now = Members(next, count, isCounted = members == null && changes == null)
        return now
    }

    private fun apply(change: PresenceChange, members: MutableMap<String, Member>) {
        val user = change.member.user
        when (change.type) {
            ChangeType.LEAVE -> members.remove(user)
            ChangeType.JOIN -> members[user] = change.member
            ChangeType.UPDATE -> members[user] = members[user]?.let { updated(it, change) } ?: change.member
        }
    }

    /** Devices of an update take the place of those with their ids, or come behind. */
    private fun updated(known: Member, change: PresenceChange): Member {
        val devices = known.devices.associateByTo(LinkedHashMap()) { it.id }
        change.member.devices.associateByTo(devices) { it.id }
        devices.keys.removeAll(change.gone.toSet())
        return change.member.copy(devices = devices.values.toList())
    }
}
