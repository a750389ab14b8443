package dev.crossroom.rooms

import dev.crossroom.Device
import dev.crossroom.Member
import dev.crossroom.Members
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import kotlin.random.Random

class MemberListTest {
    private fun member(user: String, vararg devices: String) =
        Member(user, user.uppercase(), devices.map { Device(it.substringBefore('/'), it, "bridge") })

    private fun change(type: ChangeType, member: Member, vararg gone: String) = PresenceChange(type, member, gone.asList())

    private fun listOfAdaAndBen() = MemberList().apply { told(2, listOf(member("ada", "a"), member("ben", "b"))) }

    private fun MemberList.changed(vararg changes: PresenceChange): Members = told(2, null, changes.asList())

    private fun MemberList.told(event: PresenceEvent): Members = told(event.count, event.members, event.changes)

    /** In the model a user's devices have no order. */
    private fun sorted(member: Member) = member.copy(devices = member.devices.sortedBy { it.id })

    private fun Members.users(): List<String> = byUser.keys.toList()

    @Test
    fun `takes the changes of an event in their order, and the count as it is told`() {
        val now = listOfAdaAndBen().told(7, null, listOf(change(ChangeType.LEAVE, member("ada")), change(ChangeType.JOIN, member("ada", "c"))))
        assertEquals(listOf("ben", "ada"), now.users())
        assertEquals(member("ada", "c"), now.byUser["ada"])
        assertEquals(7 to false, now.count to now.isCounted)
    }

    @Test
    fun `puts the devices of an update in the place of those with their ids, and takes away those that have gone`() {
        val list = MemberList().apply { told(1, listOf(member("ada", "a", "b", "c"))) }
        val update = change(ChangeType.UPDATE, Member("ada", "Ada L.", listOf(Device("b", "b/2", "polling"))), "a", "unknown")
        assertEquals(
            Member("ada", "Ada L.", listOf(Device("b", "b/2", "polling"), Device("c", "c", "bridge"))),
            list.changed(update).byUser["ada"],
        )
    }

    @Test
    fun `has whom an update is of that it did not know, and misses nobody who leaves unknown`() {
        val now = listOfAdaAndBen().changed(change(ChangeType.UPDATE, member("cleo", "d")), change(ChangeType.LEAVE, member("dan")))
        assertEquals(listOf("ada", "ben", "cleo"), now.users())
        assertEquals(member("cleo", "d"), now.byUser["cleo"])
    }

    @Test
    fun `puts a join of somebody who is known in the place of what was known`() {
        val now = listOfAdaAndBen().changed(change(ChangeType.JOIN, member("ada", "c")))
        assertEquals(listOf(member("ada", "c"), member("ben", "b")), now.byUser.values.toList())
    }

    @Test
    fun `has nobody, but their number, of a room that is counted, until it is named again`() {
        val list = listOfAdaAndBen()
        assertEquals(Members(emptyMap(), 201, isCounted = true), list.told(201, null))
        assertEquals(Members(mapOf("cleo" to member("cleo", "c")), 1, isCounted = false), list.told(1, listOf(member("cleo", "c"))))
    }

    @Test
    fun `gives pictures of a moment, which do not change`() {
        val list = listOfAdaAndBen()
        val before = list.now
        list.changed(change(ChangeType.LEAVE, member("ada")))
        assertEquals(listOf("ada", "ben"), before.users())
    }

    @Test
    fun `has who is there after each event, whenever it joined`() {
        for (seed in 1..500) {
            val random = Random(seed)
            val room = PresenceModel(random)
            var list: MemberList? = null
            repeat(random.nextInt(1, 60)) {
                repeat(random.nextInt(6)) {
                    room.move()
                    if (random.nextInt(10) == 0) list = MemberList().apply { told(room.answer()) }
                }
                val event = room.event() ?: return@repeat
                val now = list?.told(event) ?: return@repeat
                val seen = now.copy(byUser = now.byUser.mapValues { (_, member) -> sorted(member) })
                assertEquals(room.shown(), seen, "seed $seed")
            }
        }
    }
}

/** A room whose users come and go with their devices, and what a server tells of it (docs/rooms-api.md, 8). */
private class PresenceModel(private val random: Random) {
    private val users = HashMap<String, HashMap<String, Device>>()

    /** The ids of the devices that have come, changed or gone since the last event, by user. */
    private val touched = LinkedHashMap<String, LinkedHashSet<String>>()

    /** Those who were away at a moment since the last event. */
    private val away = HashSet<String>()
    private var isCounted = false

    fun move() {
        val user = "u${random.nextInt(MAX_NAMES + 2)}"
        val id = "d${random.nextInt(3)}"
        val devices = users.getOrPut(user) { HashMap<String, Device>().also { away.add(user) } }
        if (devices.remove(id) == null || random.nextInt(4) == 0) devices[id] = Device(id, "s${random.nextInt()}", "bridge")
        if (devices.isEmpty()) {
            users.remove(user)
            away.add(user)
        }
        touched.getOrPut(user) { LinkedHashSet() }.add(id)
        if (users.size > MAX_NAMES) isCounted = true
    }

    fun shown() = Members(if (isCounted) emptyMap() else users.mapValues { (user, _) -> member(user) }, users.size, isCounted)

    fun answer() = PresenceEvent("r", users.size, null, if (isCounted) null else users.keys.map { member(it) })

    /** What has happened since the last one; null where nothing has. */
    fun event(): PresenceEvent? {
        val isNamedAgain = isCounted && users.size <= NAMED_AGAIN
        val changes = touched.map { (user, ids) -> change(user, ids) }
        if (isNamedAgain) isCounted = false
        touched.clear()
        away.clear()
        return when {
            changes.isEmpty() -> null
            isCounted || isNamedAgain -> answer()
            else -> PresenceEvent("r", users.size, changes, null)
        }
    }

    private fun change(user: String, ids: Set<String>): PresenceChange =
        when (user) {
            !in users -> PresenceChange(ChangeType.LEAVE, Member(user, user, emptyList()), emptyList())
            in away -> PresenceChange(ChangeType.JOIN, member(user), emptyList())
            else -> {
                val (there, gone) = ids.partition { it in users.getValue(user) }
                PresenceChange(ChangeType.UPDATE, Member(user, user, there.map(users.getValue(user)::getValue)), gone)
            }
        }

    private fun member(user: String) = Member(user, user, users.getValue(user).values.sortedBy { it.id })

    private companion object {
        const val MAX_NAMES = 6
        const val NAMED_AGAIN = 4
    }
}
