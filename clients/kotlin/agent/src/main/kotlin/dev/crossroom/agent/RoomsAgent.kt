package dev.crossroom.agent

import dev.crossroom.CrossroomException
import dev.crossroom.Device
import dev.crossroom.History
import dev.crossroom.InboxItem
import dev.crossroom.InboxMessage
import dev.crossroom.InboxReceipt
import dev.crossroom.Member
import dev.crossroom.Members
import dev.crossroom.Position
import dev.crossroom.RoomEvent
import dev.crossroom.RoomMessage
import dev.crossroom.RoomsEvent
import dev.crossroom.Self
import dev.crossroom.Sender
import dev.crossroom.Value
import dev.crossroom.json
import dev.crossroom.rooms.Room
import dev.crossroom.rooms.Rooms
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch
import java.util.concurrent.ConcurrentHashMap

class RoomsAgent(private val client: String, command: Value, storages: Storages, private val scope: CoroutineScope) : Agent {
    private val keys = Keys()
    private val requests = CredentialRequests(client, keys)
    private val watched = ConcurrentHashMap<String, Watched>()
    private val inHand = ConcurrentHashMap<Long, CompletableDeferred<Unit>>()
    private val rooms =
        Rooms(command["url"]?.text ?: throw BadCommand("no url")) {
            take(command)
            name = command["name"]?.text
            device = command["device"]?.text
            command["ackTimeout"]?.long?.let { ackTimeoutMillis = it }
            command["maxUnread"]?.long?.let { maxLag = it.toInt() }
            command["maxPending"]?.long?.let { maxPending = it.toInt() }
            command["storage"]?.text?.let { storage = storages.named(it) }
            when (val token = command["token"]?.text) {
                null -> Unit
                "ask" -> token { requests.ask().text ?: error("a token is a string") }
                else -> token(token)
            }
        }

    init {
        val events = rooms.events()
        scope.launch { collecting { events.collect(::report) } }
    }

    override suspend fun perform(command: Value): Any? {
        when (command["do"]?.text) {
            "give" -> requests.give(command)
            "background" -> rooms.background()
            "foreground" -> rooms.foreground()
            "network_changed" -> rooms.networkChanged()
            "ready" -> return valueOf(rooms.ready())
            "join" ->
                return room(command).join(positionOf(command["since"]), command["history"]?.long?.toInt()).let {
                    val fields = arrayOf<Pair<String, Any?>>("recovered" to it.recovered, "position" to valueOf(it.position))
                    it.history?.let { past -> json(*fields, "history" to valueOf(past)) } ?: json(*fields)
                }
            "state" -> return Value.Text(room(command).state.name.lowercase())
            "position" -> return room(command).position?.let(::valueOf) ?: Value.Null
            "pause" -> watched(command).pause()
            "resume" -> watched(command).resume()
            "leave" -> room(command).leave()
            "publish" ->
                return room(command).publish(dataOf(command), command["messageId"]?.text).let {
                    json("id" to it.id, "position" to valueOf(it.position), "at" to it.at)
                }
            "signal" -> room(command).signal(dataOf(command))
            "history" ->
                return room(command)
                    .history(positionOf(command["before"]), positionOf(command["after"]), command["limit"]?.long?.toInt())
                    .let(::valueOf)
            "members" -> return json(*fieldsOf(room(command).members.value))
            "list_members" ->
                return room(command).listMembers(command["after"]?.text, command["limit"]?.long?.toInt()).let {
                    json("members" to it.members.map(::valueOf), "count" to it.count, "more" to it.more)
                }
            "send" -> {
                val to = command["to"]?.text ?: throw BadCommand("no recipient")
                val receipt = command["receipt"]?.boolean == true
                return rooms.send(to, dataOf(command), receipt, command["messageId"]?.text).let { json("id" to it.id, "at" to it.at) }
            }
            "inbox" -> {
                val asks = command["ask"]?.boolean == true
                return json("waiting" to rooms.inbox.process { process(it, asks) })
            }
            "cursor" -> return rooms.inbox.cursor?.let(::valueOf) ?: Value.Null
            "processed" -> processed(command)
            else -> throw BadCommand("no such command")
        }
        return null
    }

    override suspend fun flush(timeout: Long): Int = rooms.flush(timeout)

    override suspend fun close(timeout: Long?): Int? {
        val unsent = timeout?.let { rooms.close(it) }
        rooms.close()
        rooms.awaitClosed()
        return unsent
    }

    private fun room(command: Value): Room = watched(command).room

    private fun watched(command: Value): Watched {
        val name = command["room"]?.text ?: throw BadCommand("no room")
        return watched[name] ?: Watched(rooms.room(name)).also {
            watched[name] = it
            it.resume()
        }
    }

    /** A room whose events are reported, unless it is paused: then they wait in its flow. */
    private inner class Watched(val room: Room) {
        private val events = room.events()
        private var job: Job? = null

        fun pause() {
            job?.cancel()
        }

        fun resume() {
            val before = job
            if (before?.isActive == true) return
            job =
                scope.launch {
                    // A flow takes one collector at a time.
                    before?.join()
                    collecting { events.collect { report(room.name, it) } }
                }
        }
    }

    private suspend fun process(item: InboxItem, asks: Boolean) {
        if (!asks) return Output.event(client, "item", "item" to valueOf(item))
        val key = keys.next()
        val done = CompletableDeferred<Unit>()
        inHand[key] = done
        Output.event(client, "item", "item" to valueOf(item), "key" to key)
        done.await()
    }

    private fun processed(command: Value) {
        val done = inHand.remove(command["key"]?.long) ?: return
        val error = command["error"]?.text
        if (error == null) done.complete(Unit) else done.completeExceptionally(IllegalStateException(error))
    }

    private fun report(event: RoomsEvent) {
        when (event) {
            is RoomsEvent.Connected -> Output.event(client, "connect", "self" to valueOf(event.self))
            is RoomsEvent.Disconnected -> Output.event(client, "disconnect", "reason" to event.reason)
            is RoomsEvent.Ended -> Output.event(client, "end", "error" to errorOf(event.error))
            is RoomsEvent.DeviceTaken -> Output.event(client, "device", "taken" to true)
            is RoomsEvent.DeviceReturned -> Output.event(client, "device", "taken" to false)
            is RoomsEvent.InboxLost -> Output.event(client, "inbox_lost")
            is RoomsEvent.Warning -> Output.event(client, "warning", "message" to event.error.message)
        }
    }

    private fun report(room: String, event: RoomEvent) {
        when (event) {
            is RoomEvent.Message -> Output.event(client, "message", "room" to room, "message" to valueOf(event.message))
            is RoomEvent.Signalled -> {
                val (name, from, data, at) = event.signal
                val signal = json("room" to name, "from" to valueOf(from), "data" to data, "at" to at)
                Output.event(client, "signal", "room" to room, "signal" to signal)
            }
            is RoomEvent.Presence -> Output.event(client, "presence", "room" to room, *fieldsOf(event.members))
            is RoomEvent.Entered -> {
                val (recovered, position) = event.joined
                Output.event(client, "joined", "room" to room, "recovered" to recovered, "position" to valueOf(position))
            }
            is RoomEvent.Left -> Output.event(client, "left", "room" to room, "error" to errorOf(event.error))
        }
    }
}

/** A collector that fails with the session's end has been told of it by an event. */
private suspend fun collecting(collect: suspend () -> Unit) {
    try {
        collect()
    } catch (error: CrossroomException) {
        System.err.println(error)
    }
}

private fun dataOf(command: Value): Value = command["data"] ?: Value.Null

private fun positionOf(value: Value?): Position? {
    val epoch = value?.get("epoch")?.text ?: return null
    return Position(epoch, value["offset"]?.long ?: return null)
}

private fun valueOf(position: Position): Value = json("epoch" to position.epoch, "offset" to position.offset)

private fun valueOf(self: Self): Value =
    json("user" to self.user, "name" to self.name, "sid" to self.sid, "device" to self.device, "guest" to self.isGuest)

private fun valueOf(from: Sender): Value = json("user" to from.user, "name" to from.name, "sid" to from.sid, "transport" to from.transport)

private fun valueOf(message: RoomMessage): Value =
    json(
        "room" to message.room,
        "id" to message.id,
        "position" to valueOf(message.position),
        "from" to valueOf(message.from),
        "data" to message.data,
        "at" to message.at,
    )

private fun valueOf(past: History): Value = json("messages" to past.messages.map(::valueOf), "more" to past.more)

private fun valueOf(item: InboxItem): Value {
    val fields = arrayOf<Pair<String, Any?>>("id" to item.id, "position" to valueOf(item.position), "at" to item.at)
    return when (item) {
        is InboxMessage -> json("type" to "message", *fields, "from" to valueOf(item.from), "data" to item.data)
        is InboxReceipt -> json("type" to "receipt", *fields, "from" to json("user" to item.user))
        else -> json(*fields)
    }
}

private fun valueOf(device: Device): Value = json("id" to device.id, "sid" to device.sid, "transport" to device.transport)

private fun valueOf(member: Member): Value = json("user" to member.user, "name" to member.name, "devices" to member.devices.map(::valueOf))

private fun fieldsOf(members: Members): Array<Pair<String, Any?>> =
    arrayOf("members" to members.byUser.values.map(::valueOf), "count" to members.count, "counted" to members.isCounted)
